package admin_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/internal/admin"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestMain(m *testing.M) { redistest.Main(m) }

func TestRetire(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t)
	url := "redis://" + server.Addr()
	s, err := store.Open(t.Context(), server.Client(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Announce(t.Context(), "", []tasks.Tool{{Name: "crawl"}, {Name: "search"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url, tool string
		want      error
		says      string
	}{
		{url, "crwl", admin.ErrMistaken, "no tool crwl is listed: did you mean crawl?"},
		{url, "crawl", nil, ""},
		{url, "crawl", admin.ErrMistaken, "no tool crawl is listed: there is search"},
		{"http://host", "search", admin.ErrMistaken, `scheme "http"`},
		{url + "/77", "search", nil, "out of range"},
	} {
		err := admin.Retire(t.Context(), c.url, c.tool)
		if c.want != nil && !errors.Is(err, c.want) || err == nil != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: %v, want %v and %q", c.url, c.tool, err, c.want, c.says)
		}
	}
	server.Kill()
	if err := admin.Retire(t.Context(), url, "search"); !errors.Is(err, admin.ErrUnreachable) {
		t.Errorf("%v, want it unreachable", err)
	}
}
