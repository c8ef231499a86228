package matrix

import (
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// kind is a kind of client.
type kind struct {
	name    string // in the README's table
	connect func(w *wire, caps rig.Object) client
	tasks   bool // its calls become tasks that it knows
	leaves  bool // closing a call is how it says stop
	leases  bool // what a killed server had to tell the client, another one tells only when its lease is over
}

var kinds = []kind{
	{name: "2026-07-28 with extension", connect: newExtension, tasks: true},
	{name: "2026-07-28 without", connect: newPlain, leaves: true},
	{name: "2025-11-25 with tasks", connect: newTasker, tasks: true, leases: true},
	{name: "2025-11-25 without", connect: newResuming("2025-11-25")},
	{name: "2025-06-18", connect: newResuming("2025-06-18")},
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	promised := readme(t)
	stage := newStage(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range situations {
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					if got, want := stage.play(t, k, s), promised.cell(k.name, s.name); got != want {
						t.Errorf("the client ends with %q, but the README says %q", got, want)
					}
				})
			}
		})
	}
}
