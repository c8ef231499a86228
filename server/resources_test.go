package server_test

import (
	"testing"

	"github.com/longhaul-mcp/longhaul/wire"
)

func TestResourcesAreListedInEveryRevision(t *testing.T) {
	t.Parallel()
	f := start(t)
	m, _ := f.ask(modern("resources/templates/list", nil))
	if list, _ := m.Result["resourceTemplates"].([]any); len(list) != 2 || m.Result["resultType"] != "complete" || m.Result["ttlMs"] != 0.0 || m.Result["cacheScope"] != "private" {
		t.Errorf("2026-07-28: %+v", m)
	}
	if m, _ := f.ask(modern("resources/list", nil)); m.Error != nil || len(m.Result["resources"].([]any)) != 0 {
		t.Errorf("2026-07-28: %+v", m)
	}
	for _, version := range []string{"", "2024-11-05", "2025-06-18", "2025-11-25"} {
		of := func(method string, params obj) *draft {
			d := earlier(version)
			d.body = legacy(method, params).body
			return d
		}
		m, _ := f.ask(of("resources/templates/list", nil))
		if list, _ := m.Result["resourceTemplates"].([]any); len(list) != 2 || m.Result["resultType"] != nil || m.Result["_meta"] != nil {
			t.Errorf("%q: %+v", version, m)
		}
		if m, _ := f.ask(of("resources/list", nil)); m.Error != nil || len(m.Result["resources"].([]any)) != 0 {
			t.Errorf("%q: %+v", version, m)
		}
		if m, _ := f.ask(of("resources/read", obj{"uri": "x:y"})); m.code() != wire.CodeNoResource || m.Error.Data["uri"] != "x:y" {
			t.Errorf("%q: %+v", version, m)
		}
	}
}
