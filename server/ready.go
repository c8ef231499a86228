package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const pingTimeout = time.Second

// Health answers 200 as long as the process lives.
func (s *Server) Health(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte("ok\n"))
}

// Ready answers 200 when requests can be served and 503 while they cannot: the store does not answer, the catalogue has not been
// read, or the process is shutting down. With ?verbose it says which, as JSON.
func (s *Server) Ready(w http.ResponseWriter, r *http.Request) {
	state := s.readiness(r.Context())
	status := http.StatusOK
	if !state.Ready {
		status = http.StatusServiceUnavailable
	}
	if !r.URL.Query().Has("verbose") {
		w.WriteHeader(status)
		_, _ = fmt.Fprintln(w, http.StatusText(status))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(state)
}

type readiness struct {
	Ready     bool   `json:"ready"`
	Draining  bool   `json:"draining"`
	Store     string `json:"store"`
	Catalogue string `json:"catalogue"`
}

func (s *Server) readiness(ctx context.Context) readiness {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	r := readiness{Draining: s.isDraining(), Store: "answers", Catalogue: "not read yet"}
	pingErr := s.store.Ping(ctx)
	if pingErr != nil {
		r.Store = "does not answer" // the error may name hosts: it is for the log
	}
	c, err := s.mirror.read()
	if err == nil {
		r.Catalogue = fmt.Sprintf("%d tools", len(c.names))
	}
	r.Ready = !r.Draining && pingErr == nil && err == nil
	return r
}
