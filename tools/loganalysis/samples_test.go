package loganalysis_test

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/longhaul-mcp/longhaul/tools/loganalysis"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestAccessLogSample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "plain.log", string(sampleText(t, "apache_access.log.gz")))
	for name, root := range map[string]string{"plain.log": dir, "apache_access.log.gz": samples} {
		r := analyze(t, root, name)
		if r.Lines != 10_000 || r.Unparsed != 0 || r.Bytes != 2_370_789 || r.Clients.Distinct != 1753 || !r.Clients.Exact {
			t.Errorf("%s: %d lines, %d unparsed, %d bytes, %d clients", name, r.Lines, r.Unparsed, r.Bytes, r.Clients.Distinct)
		}
		want := map[string]int64{"200": 9126, "206": 45, "301": 164, "304": 445, "403": 2, "404": 213, "416": 2, "500": 3}
		if diff := cmp.Diff(want, r.Statuses); diff != "" {
			t.Errorf("%s: statuses (-want +got):\n%s", name, diff)
		}
		if f := r.Files[0]; f.Format != "combined" || f.Gzip != (name != "plain.log") {
			t.Errorf("%s: detected %+v", name, f)
		}
		if len(r.Traffic.Points) != 84 || r.From != "2015-05-17T10:05:00Z" || r.To != "2015-05-20T21:05:59Z" {
			t.Errorf("%s: %d hours from %s to %s", name, len(r.Traffic.Points), r.From, r.To)
		}
	}
}

func TestSSHSample(t *testing.T) {
	t.Parallel()
	r := analyze(t, samples, "openssh_auth.log")
	if r.Lines != 2000 || r.Unparsed != 0 || r.Logins.Failed != 528 || r.Logins.Accepted != 1 {
		t.Errorf("%d lines, %d unparsed, %d failed, %d accepted", r.Lines, r.Unparsed, r.Logins.Failed, r.Logins.Accepted)
	}
	top := r.Logins.FailedUsers.Top[:2]
	if diff := cmp.Diff([]loganalysis.Count{{Value: "root", Count: 378}, {Value: "admin", Count: 44}}, top); diff != "" {
		t.Errorf("failed users (-want +got):\n%s", diff)
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"apache_access.log.gz", "openssh_auth.log"} {
		b, err := os.ReadFile(filepath.Join(samples, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, name, string(b)) // with a time that a fresh clone would not give it
	}
	golden(t, "samples.md", analyze(t, dir, ".").Markdown())
}

// What a log's authors and attackers write must not break the report.
func TestMarkdownIsSafe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "evil.json", `{"time":"2024-03-01T00:00:00Z","path":"/a|b","agent":"`+"a`b``c"+`"}
{"time":"2024-03-01T00:00:00Z","path":"/line\nbreak\u202e","agent":"![x](http://e.example/)"}
{"time":"2024-03-01T00:00:00Z","path":"/\\|","agent":" "}
{"time":"2024-03-01T00:00:00Z","path":"/`+"\xff\xfe"+`","agent":"\u0000"}
`)
	golden(t, "evil.md", analyze(t, dir, "evil.json").Markdown())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; run with -update if it should (-want +got):\n%s", path, diff)
	}
}

func TestContent(t *testing.T) {
	t.Parallel()
	content := analyze(t, samples, "*.gz").Content()
	if len(content) != 2 {
		t.Fatalf("%d contents, want a text and an image", len(content))
	}
	img, ok := content[1].(*mcp.ImageContent)
	if !ok || img.MIMEType != "image/png" {
		t.Fatalf("second content is %T", content[1])
	}
	picture, err := png.Decode(bytes.NewReader(img.Data))
	if err != nil {
		t.Fatal(err)
	}
	if b := picture.Bounds(); b.Dx() != 1100 || b.Dy() != 440 {
		t.Errorf("plot is %v", b)
	}
	if len(img.Data) > 200<<10 {
		t.Errorf("plot has %d bytes", len(img.Data))
	}
}

func TestContentWithoutTimes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.json", `{"level":"info","msg":"hello"}`+"\n")
	if content := analyze(t, dir, "a.json").Content(); len(content) != 1 {
		t.Errorf("%d contents, want the text alone", len(content))
	}
}
