package tasks_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// artifacts is a runtime that keeps artifacts.
type artifacts struct {
	tasks.Runtime
	kept map[string]string
}

func (d *artifacts) Keeps() bool { return true }

func (d *artifacts) Keep(_ context.Context, name, _ string, content io.Reader) (int64, error) {
	b, err := io.ReadAll(content)
	d.kept[name] = string(b)
	return int64(len(b)), err
}

func TestNamesOfArtifacts(t *testing.T) {
	t.Parallel()
	id := tasks.NewID(0)
	d := &artifacts{kept: map[string]string{}}
	a := tasks.NewAttempt(id, 1, d, nil)
	for _, name := range []string{"x", "a/b.csv", "ü 日?#%2f", "..x", strings.Repeat("x", 128)} {
		link, err := a.Artifact(t.Context(), name, "text/plain", strings.NewReader("content"))
		if err != nil || d.kept[name] != "content" || *link.Size != 7 || link.URI != tasks.ArtifactURI(id, name) {
			t.Errorf("%q: got %+v, %v", name, link, err)
			continue
		}
		of, got, query, err := tasks.ParseURI(link.URI + "?lines=1-")
		if err != nil || of != id || got != name || query != "lines=1-" {
			t.Errorf("%s: parsed as %s %q %q, %v", link.URI, of, got, query, err)
		}
	}
	for _, name := range []string{"", "/", "/x", "x/", "a//b", "..", "a/../b", "./a", "a\\b", "a\nb", "\xff", strings.Repeat("x", 129)} {
		if link, err := a.Artifact(t.Context(), name, "", strings.NewReader("x")); err == nil {
			t.Errorf("%q: got %+v", name, link)
		}
	}
	if _, err := tasks.NewAttempt(id, 1, d.Runtime, nil).Artifact(t.Context(), "x", "", strings.NewReader("")); !errors.Is(err, tasks.ErrNoBlobStore) {
		t.Errorf("without a store: %v", err)
	}
}
