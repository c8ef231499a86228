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
	if _, err := s.Announce(t.Context(), "", []tasks.Tool{{Name: "zz_b"}, {Name: "crawl"}, {Name: "search"}, {Name: "zz_a"}, {Name: "zz_cc"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url, tools string
		retired    string
		want       error
		says       string
	}{
		{url, "crwl", "", admin.ErrMistaken, "no tool crwl is listed: did you mean crawl?"},
		{url, "zz_? zz_a", "zz_a zz_b", nil, ""},
		{url, "yy_* zz_* crwl", "zz_cc", admin.ErrMistaken, "no tool like yy_* is listed"},
		{url, "crawl", "crawl", nil, ""},
		{url, "crawl", "", admin.ErrMistaken, "no tool crawl is listed: there is search"},
		{"http://host", "search", "", admin.ErrMistaken, `scheme "http"`},
		{url + "/77", "search", "", nil, "out of range"},
	} {
		retired, err := admin.Retire(t.Context(), c.url, strings.Fields(c.tools))
		if got := strings.Join(retired, " "); got != c.retired {
			t.Errorf("%s: retired %s, want %s", c.tools, got, c.retired)
		}
		if c.want != nil && !errors.Is(err, c.want) || err == nil != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: %v, want %v and %q", c.url, c.tools, err, c.want, c.says)
		}
	}
	server.Kill()
	if _, err := admin.Retire(t.Context(), url, []string{"search"}); !errors.Is(err, admin.ErrUnreachable) {
		t.Errorf("%v, want it unreachable", err)
	}
}

// A source outlives its workers, until it is retired. It is not taken for a tool of its name.
func TestRetireServers(t *testing.T) {
	t.Parallel()
	server := redistest.Private(t)
	url := "redis://" + server.Addr()
	s, err := store.Open(t.Context(), server.Client(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Announce(t.Context(), "", []tasks.Tool{{Name: "github"}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"github", "gitlab", "search"} {
		if _, err := s.AnnounceSource(t.Context(), "", &tasks.Source{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ names, retired, says string }{
		{"githb", "", "no server githb is listed: did you mean github?"},
		{"git*", "github gitlab", ""},
		{"github search", "search", "no server github is listed"},
	} {
		retired, err := admin.RetireServers(t.Context(), url, strings.Fields(c.names))
		if got := strings.Join(retired, " "); got != c.retired || err == nil != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: retired %q, %v", c.names, got, err)
		}
	}
	if list, err := s.Sources(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := s.Catalog(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("tools: %+v, %v", list, err)
	}
}
