package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// View is how one worker sees one upstream server.
type View struct {
	Worker   string    `json:"worker,omitempty"` // known by where it is kept
	Server   string    `json:"server"`
	State    string    `json:"state"` // as tools/upstream calls it
	Since    time.Time `json:"since"` // by the worker's clock
	Reason   string    `json:"reason,omitempty"`
	Name     string    `json:"name,omitempty"` // of itself, as its version is
	Version  string    `json:"version,omitempty"`
	Protocol string    `json:"protocol,omitempty"`
	Calls    int       `json:"calls"`
}

// ViewLease is how long a worker is believed, since it said how it sees its servers.
const ViewLease = 15 * time.Second

// What of a view comes from servers has a bound, in bytes.
const (
	maxViewReason = 300
	maxViewName   = 64
)

// fit is the view as it is kept. It is the same for the same view.
func (v View) fit() View {
	v.Worker, v.Since = "", v.Since.UTC().Truncate(time.Millisecond)
	v.Reason = upTo(v.Reason, maxViewReason)
	v.Name, v.Version, v.Protocol = upTo(v.Name, maxViewName), upTo(v.Version, maxViewName), upTo(v.Protocol, maxViewName)
	return v
}

func upTo(s string, n int) string {
	if len(s) > n {
		s = s[:n-len("…")] + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// Tell says how a worker sees its servers, which is believed for ViewLease; without servers what it said is taken back. Nobody is woken by
// it: it is there for who looks.
func (s *Store) Tell(ctx context.Context, worker string, servers []View) error {
	kept := make([]View, len(servers))
	for i, v := range servers {
		kept[i] = v.fit()
	}
	doc, err := json.Marshal(kept)
	if err == nil {
		err = s.scripts.view.Run(ctx, s.rdb, []string{viewersKey, viewsKey}, worker, ViewLease.Milliseconds(), len(kept), pack(doc)).Err()
	}
	if err != nil {
		return fmt.Errorf("tell of upstream servers: %w", err)
	}
	return nil
}

// Views are how the workers that are there see their servers, by server and worker. What this program cannot read is left out.
func (s *Store) Views(ctx context.Context) ([]View, error) {
	found, err := s.scripts.views.Run(ctx, s.rdb, []string{viewersKey, viewsKey}).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("read what is told of upstream servers: %w", err)
	}
	var list []View
	for pair := range slices.Chunk(found, 2) {
		list = append(list, viewsOf(pair)...)
	}
	slices.SortFunc(list, func(a, b View) int { return cmp.Or(cmp.Compare(a.Server, b.Server), cmp.Compare(a.Worker, b.Worker)) })
	return list, nil
}

// viewsOf are those of one worker: its name, and what it says.
func viewsOf(told []string) (list []View) {
	if len(told) < 2 {
		return nil
	}
	doc, err := unpack(told[1])
	if err != nil || json.Unmarshal(doc, &list) != nil {
		return nil
	}
	for i := range list {
		list[i].Worker = told[0]
	}
	return list
}
