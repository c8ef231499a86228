package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// png is an image of so many bytes.
func png(n int) mcp.Content { return &mcp.ImageContent{Data: make([]byte, n), MIMEType: "image/png"} }

func text(s string) mcp.Content { return &mcp.TextContent{Text: s} }

// What of a large result moves out is what is large itself; the rest is answered as it is.
func TestWhatOfALargeResultMovesOut(t *testing.T) {
	const large, part = 300 << 10, 64 << 10
	structured := func(n int) map[string]string { return map[string]string{"s": strings.Repeat("s", n)} }
	results := map[string]struct {
		result     tasks.Result
		want       string // kinds of content, links with their names
		structured bool
	}{
		"a text that is just short enough": {tasks.Result{Content: []mcp.Content{png(large), text(strings.Repeat("x", 16<<10))}}, "text result-parts/1", false},
		"a text that is just too long":     {tasks.Result{Content: []mcp.Content{png(large), text(strings.Repeat("x", 16<<10+1))}}, "text result result-parts/1", false},
		"no text":                          {tasks.Result{Content: []mcp.Content{png(large)}}, "result-parts/1", false},
		"parts of either size":             {tasks.Result{Content: []mcp.Content{png(large), png(part - 1), png(part)}}, "result-parts/1 image result-parts/3", false},
		"a sound":                          {tasks.Result{Content: []mcp.Content{&mcp.AudioContent{Data: make([]byte, large), MIMEType: "audio/wav"}}}, "result-parts/1", false},
		"resources": {tasks.Result{Content: []mcp.Content{
			&mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: "x:1", Blob: make([]byte, large)}},
			&mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: "x:2", Text: strings.Repeat("x", large)}},
			&mcp.EmbeddedResource{Resource: &mcp.ResourceContents{URI: "x:3", Text: "short"}},
		}}, "result-parts/1 result-parts/2 resource", false},
		"what is structured, and short":                    {tasks.Result{Content: []mcp.Content{png(large)}, Structured: structured(100)}, "result-parts/1", true},
		"what is structured, and long":                     {tasks.Result{Content: []mcp.Content{text("short")}, Structured: structured(large)}, "text result-parts/structured.json", false},
		"what is structured, and all there is":             {tasks.Result{Structured: structured(large)}, "text result", false},
		"what an error has, which the schema is not for":   {tasks.Result{Content: []mcp.Content{text("short")}, Structured: structured(large), IsError: true}, "text result-parts/structured.json", false},
		"what a schema promises, however long that may be": {tasks.Result{Content: []mcp.Content{text("short")}, Structured: structured(large)}, "text", true},
	}
	each(t, func(t *testing.T, r *rig) {
		reg := new(tasks.Registry)
		names := make(map[string]string)
		for name, c := range results {
			tool := tasks.Tool{Name: "tool-" + strconv.Itoa(len(names)), Description: "x"}
			if strings.Contains(name, "schema") {
				tool.OutputSchema = json.RawMessage(`{"type":"object","required":["s"]}`)
			}
			names[name] = tool.Name
			tasks.AddTool(reg, tool, func(context.Context, *tasks.Attempt, none) (*tasks.Result, error) {
				result := c.result
				return &result, nil
			})
		}
		r.start(reg, r.keeps)
		for name, c := range results {
			g := givenOf(t, r.untilStatus(r.create(names[name], `{}`, tasks.Policy{}), tasks.Completed))
			var kinds []string
			for _, part := range g.Content {
				kind := part.Type
				if kind == "resource_link" {
					kind = part.Name
				}
				kinds = append(kinds, kind)
			}
			if got := strings.Join(kinds, " "); got != c.want || (g.StructuredContent != nil) != c.structured {
				t.Errorf("%s: got %s, structured: %v; want %s", name, got, g.StructuredContent != nil, c.want)
			}
		}
	})
}

var told = regexp.MustCompile(`^(?s)(.*)\n… (\d+) bytes in all, of which these are the first (\d+): .* \(some of its (\d+) lines: .*\?lines=(\d+)-(\d+)\)$`)

// The beginning of a long text ends with a line if it can, otherwise with a character, and says where to read on.
func TestTheBeginningOfALongText(t *testing.T) {
	texts := map[string]struct {
		text             string
		all, first, last int // lines
	}{
		"lines":         {lines(20_000), 20_000, 513, 712},
		"few lines":     {strings.Repeat(strings.Repeat("y", 9_999)+"\n", 30), 30, 2, 30},
		"no end":        {strings.Repeat(strings.Repeat("y", 9_999)+"\n", 30) + "the last", 31, 2, 31},
		"a single line": {"x" + strings.Repeat("é", 200_000), 1, 1, 1},
		"wide letters":  {"xx" + strings.Repeat("🎉", 100_000), 1, 1, 1},
	}
	each(t, func(t *testing.T, r *rig) {
		r.start(tool("long", func(_ context.Context, _ *tasks.Attempt, in struct{ Which string }) (*tasks.Result, error) {
			return tasks.Text(texts[in.Which].text), nil
		}), r.keeps)
		for name, c := range texts {
			task := r.untilStatus(r.create("long", fmt.Sprintf(`{"Which":%q}`, name), tasks.Policy{}), tasks.Completed)
			m := told.FindStringSubmatch(givenOf(t, task).Content[0].Text)
			if m == nil {
				t.Fatalf("%s: got %.300s", name, task.Result)
			}
			n, _ := strconv.Atoi(m[3])
			head := c.text[:n]
			if strings.TrimSuffix(head, "\n") != m[1] || n > 16<<10 || n < 9_000 || !utf8.ValidString(head) || strings.Contains(c.text, "\n") && !strings.HasSuffix(head, "\n") {
				t.Errorf("%s: the first %d bytes, ending %q", name, n, head[n-20:])
			}
			want := fmt.Sprint(len(c.text), c.all, c.first, c.last)
			if got := strings.Join([]string{m[2], m[4], m[5], m[6]}, " "); got != want {
				t.Errorf("%s: bytes, lines, from, to: %s, want %s", name, got, want)
			}
			if got := r.object(task.ID, store.ResultName); got != c.text {
				t.Errorf("%s: the object has %d bytes", name, len(got))
			}
		}
	})
}
