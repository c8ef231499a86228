package launch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// readiness is what /ready?verbose on the ops door says of a process, including troubles in spite of which it can serve.
type readiness struct {
	server.Readiness
	Config   *configState    `json:"config,omitempty"`
	Upstream []upstreamState `json:"upstream,omitempty"` // as this process sees its servers
	Servers  []string        `json:"servers,omitempty"`  // as all workers see them, in a line each
}

type configState struct {
	File    string `json:"file"`
	Refused string `json:"refused,omitempty"` // what is wrong with the file as it is now: the one before stays in force
}

type upstreamState struct {
	Server   string   `json:"server"`
	Up       bool     `json:"up"`
	Tools    int      `json:"tools"`
	Revision string   `json:"revision,omitempty"`
	Error    string   `json:"error,omitempty"`
	Warnings []string `json:"warnings,omitempty"` // where its lists differ from what the configuration expects, and what cannot be relayed
}

// ready says whether the process can serve, and with ?verbose in what state its parts are.
func (p *parts) ready(w http.ResponseWriter, r *http.Request) {
	verbose := r.URL.Query().Has("verbose")
	if p.front != nil && !verbose {
		p.front.Ready(w, r)
		return
	}
	state := readiness{Readiness: p.readiness(r.Context(), verbose)}
	if !verbose {
		w.WriteHeader(state.HTTP())
		fmt.Fprintln(w, state.words())
		return
	}
	state.Config, state.Upstream, state.Servers = p.configState(), p.upstreamStates(), p.serversSeen(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(state.HTTP())
	_ = json.NewEncoder(w).Encode(state) // whoever asked has gone
}

// words is the plain answer of a worker.
func (r readiness) words() string {
	switch {
	case r.Draining:
		return "stopping"
	case !r.Ready:
		return "Redis " + r.Store
	}
	return "ready"
}

const readyTimeout = time.Second

// readiness returns whether the process can serve: a worker can while Redis answers and it was not told to stop; a front end says so itself.
func (p *parts) readiness(ctx context.Context, verbose bool) server.Readiness {
	if p.front != nil {
		return p.front.Readiness(ctx, verbose)
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	r := server.Readiness{Draining: p.stopping.Load(), Store: "answers"}
	err := p.store.Ping(ctx)
	if err != nil {
		r.Store = store.Condition(err)
	} else if verbose {
		for _, w := range p.store.Check(ctx) {
			r.Warnings = append(r.Warnings, w.Text)
		}
		r.Warnings = slices.Compact(r.Warnings)
	}
	r.Ready = err == nil && !r.Draining
	return r
}

func (p *parts) configState() *configState {
	if p.config == nil {
		return nil
	}
	s := &configState{File: p.config.path}
	if err := p.config.refused(); err != nil {
		s.Refused = err.Error()
	}
	return s
}

func (p *parts) upstreamStates() (list []upstreamState) {
	if p.hub == nil {
		return nil
	}
	for _, h := range p.hub.Health() {
		s := upstreamState{Server: h.Server, Up: h.State == upstream.Up, Tools: h.Tools, Revision: h.Revision}
		if h.Err != nil {
			s.Error = h.Err.Error()
		}
		if h.Warnings != "" {
			s.Warnings = strings.Split(h.Warnings, "\n")
		}
		list = append(list, s)
	}
	return list
}
