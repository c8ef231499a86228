package server

import (
	"encoding/json"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Know replaces the clients that are known by one.
func (o *Options) Know(name string, silent, heard time.Duration) {
	o.profiles = []profile{{name, silent, heard}}
}

// Known are the names of the clients that are known, with the shortest time that a call of theirs is held.
func Known() map[string]time.Duration {
	known := make(map[string]time.Duration, len(profiles))
	for _, p := range profiles {
		known[p.name] = min(p.silent, p.heard)
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
