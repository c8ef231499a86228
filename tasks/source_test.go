package tasks_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
)

func ask(context.Context, string, json.RawMessage) (json.RawMessage, error) { return nil, nil }

func watch(context.Context, string, func()) error { return nil }

func TestSourcesChangeWhileTheRegistryIsUsed(t *testing.T) {
	t.Parallel()
	var reg tasks.Registry
	told := func(change func()) bool {
		changed := reg.Changed()
		change()
		select {
		case <-changed:
			return true
		default:
			return false
		}
	}
	put := func(s tasks.Source) func() {
		return func() {
			if s.Ask = ask; reg.PutSource(s) != nil {
				t.Error(reg.PutSource(s))
			}
		}
	}
	for _, s := range []tasks.Source{{Name: "b"}, {Name: "a"}, {Name: "b", Completes: true}} {
		if !told(put(s)) {
			t.Error("nobody was told of", s)
		}
	}
	if list := reg.Sources(); len(list) != 2 || list[0].Name != "a" || !list[1].Completes {
		t.Errorf("%+v", list)
	}
	if !told(func() { reg.DropSource("a") }) || told(func() { reg.DropSource("a") }) || len(reg.Sources()) != 1 {
		t.Errorf("%+v", reg.Sources())
	}
}

func TestWhatIsWrongWithASourceIsSaid(t *testing.T) {
	t.Parallel()
	one := func(s string) []json.RawMessage { return []json.RawMessage{json.RawMessage(s)} }
	for want, s := range map[string]tasks.Source{
		"name: use 1 to 32":                  {Name: "a.b", Ask: ask},
		"no function that asks":              {Name: "a"},
		"watches if it has":                  {Name: "a", Ask: ask, Subscribes: true},
		"and only then":                      {Name: "a", Ask: ask, Watch: watch},
		"the limit is 4194304":               {Name: "a", Ask: ask, Prompts: one(`{"name":"` + strings.Repeat("x", tasks.MaxSource) + `"}`)},
		"resource 1 is not a JSON object":    {Name: "a", Ask: ask, Resources: one(`null`)},
		`resource 1 has no "uri"`:            {Name: "a", Ask: ask, Resources: one(`{"name":"x"}`)},
		`template 1 has no "uriTemplate"`:    {Name: "a", Ask: ask, Templates: one(`{"uriTemplate":1}`)},
		`prompt 1 has no "name"`:             {Name: "a", Ask: ask, Prompts: one(`{}`)},
		`"file:///" does not begin with "x+`: {Name: "a", Ask: ask, URIPrefix: "x+", Resources: one(`{"uri":"file:///"}`)},
	} {
		var reg tasks.Registry
		if err := reg.PutSource(s); err == nil || !strings.Contains(err.Error(), want) || len(reg.Sources()) > 0 {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestASourceIsMadeToFit(t *testing.T) {
	t.Parallel()
	large := json.RawMessage(`{"uri":"` + strings.Repeat("x", tasks.MaxSource/3) + `"}`)
	s := tasks.Source{Name: "a", Ask: ask, Resources: []json.RawMessage{large, large, large, large}, Prompts: []json.RawMessage{[]byte(`{"name":"p"}`)}}
	if left := s.Fit(); left != 2 || len(s.Resources) != 2 || len(s.Prompts) != 1 || s.Validate() != nil {
		t.Errorf("%d left out, %d and %d left, %v", left, len(s.Resources), len(s.Prompts), s.Validate())
	}
	if left := s.Fit(); left != 0 {
		t.Errorf("%d left out of what fits", left)
	}
}
