package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
)

const pingTimeout = time.Second

// Health answers 200 as long as the process lives.
func (s *Server) Health(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte("ok\n"))
}

// Ready answers 200 when requests can be served and 503 while they cannot: the store does not answer, the catalogue has not been
// read, or the process is shutting down. With ?verbose it says which, as JSON, and what else is wrong with the store: one that is full
// still tells of its tasks, and no other front end could do more.
func (s *Server) Ready(w http.ResponseWriter, r *http.Request) {
	verbose := r.URL.Query().Has("verbose")
	state := s.Readiness(r.Context(), verbose)
	status := state.HTTP()
	if !verbose {
		w.WriteHeader(status)
		_, _ = fmt.Fprintln(w, http.StatusText(status))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(state)
}

// Readiness is whether a process can serve, and what is in the way.
type Readiness struct {
	Ready     bool     `json:"ready"`
	Draining  bool     `json:"draining"`
	Store     string   `json:"store"`
	Catalogue string   `json:"catalogue,omitempty"` // of a front end
	Warnings  []string `json:"warnings,omitempty"`
}

// HTTP is the status code that says the same.
func (r Readiness) HTTP() int {
	if r.Ready {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

// Readiness is how this front end does. Verbose asks for the store's warnings too.
func (s *Server) Readiness(ctx context.Context, verbose bool) Readiness {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	r := Readiness{Draining: s.isDraining(), Store: "answers", Catalogue: "not read yet"}
	pingErr := s.store.Ping(ctx)
	switch {
	case pingErr != nil:
		r.Store = store.Condition(pingErr) // the error itself may name hosts: it is for the log
	case verbose:
		r.Warnings = texts(s.store.Check(ctx))
	}
	c, err := s.mirror.read()
	if err == nil {
		r.Catalogue = fmt.Sprintf("%d tools", len(c.names))
	}
	r.Ready = !r.Draining && pingErr == nil && err == nil
	return r
}

// texts are what warnings say, once each, without the nodes that they are about: those are for the log too.
func texts(warnings []store.Warning) []string {
	var list []string
	for _, w := range warnings {
		list = append(list, w.Text)
	}
	return slices.Compact(list) // Check sorts them
}
