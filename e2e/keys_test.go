package e2e

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/internal/redistest"
)

// row is one key, or a family of them, in the key table of ARCHITECTURE.md.
type row struct {
	text string
	kind string // of Redis; empty: any
	key  *regexp.Regexp
}

// keyTable reads the table, so that what it says is what the tests hold Redis to.
func keyTable(t *testing.T) []row {
	t.Helper()
	b, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "\n## Keys\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []row
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !strings.Contains(cells[1], "`") || strings.TrimSpace(cells[2]) == "channel" {
			continue
		}
		rows = append(rows, rowsOf(cells[1], strings.TrimSpace(cells[2]))...)
	}
	if len(rows) < 10 {
		t.Fatalf("the key table has %d keys: it was not found where it used to be", len(rows))
	}
	return rows
}

var (
	code = regexp.MustCompile("`([^`]+)`")
	hole = regexp.MustCompile(`<[^>]+>`)
)

// rowsOf are the keys in one cell. One that starts with a colon takes the place of the end of the first.
func rowsOf(cell, kind string) []row {
	var rows []row
	for _, m := range code.FindAllStringSubmatch(cell, -1) {
		text := m[1]
		if strings.HasPrefix(text, ":") {
			first := rows[0].text
			text = first[:strings.LastIndex(first, ":")] + text
		}
		pattern := regexp.QuoteMeta(text)
		pattern = strings.ReplaceAll(pattern, `\{S\}`, `\{\d+\}`)
		pattern = strings.ReplaceAll(pattern, "<id>", `[0-9a-f-]{36}-\d+`)
		pattern = strings.ReplaceAll(pattern, "…", `.*`)
		pattern = hole.ReplaceAllString(pattern, `[^:{}]+`)
		rows = append(rows, row{text, kind, regexp.MustCompile("^" + pattern + "$")})
	}
	return rows
}

// named checks that each key stands in the table, with its type, and returns the rows that were met.
func named(t *testing.T, table []row, census map[string]redistest.Holding) map[string]bool {
	t.Helper()
	met := make(map[string]bool)
	for key, h := range census {
		i := slices.IndexFunc(table, func(r row) bool { return r.key.MatchString(key) })
		if i < 0 {
			t.Errorf("key %s (%s) is not in the key table", key, h.Type)
			continue
		}
		if r := table[i]; r.kind != "" && r.kind != h.Type {
			t.Errorf("key %s is a %s, the key table says %s", key, h.Type, r.kind)
		}
		met[table[i].text] = true
	}
	return met
}
