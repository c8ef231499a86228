package server

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Know replaces the clients that are known by one.
func (o *Options) Know(name string, silent, heard time.Duration) {
	o.profiles = []profile{{name, silent, heard}}
}

// Survival is for how long a client survives a call that stays open: of a silent one, and of one that it hears of.
type Survival struct{ Silent, Heard time.Duration }

// Known are the clients that are known, by their names.
func Known() map[string]Survival {
	known := make(map[string]Survival, len(profiles))
	for _, p := range profiles {
		known[p.name] = Survival{p.silent, p.heard}
	}
	return known
}

// Fitting is the name in the list that fits a client's best, "" if none does.
func Fitting(list []Client, name string) string {
	if p := find(configured(list), name); p != nil {
		return p.name
	}
	return ""
}

// Handle is what a model is told of a task.
func Handle(t *tasks.Task) json.RawMessage { return handle(t, time.Now()) }

// Mirrors reports whether a source is in this server's copy of the catalogue.
func (s *Server) Mirrors(source string) bool {
	c, err := s.mirror.read()
	return err == nil && slices.ContainsFunc(c.sources.all, func(x *tasks.Source) bool { return x.Name == source })
}
