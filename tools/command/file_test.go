package command_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
)

// leave leaves a text, an image, a file in a directory, large ones, and what must not be read.
const leave = `cd "$LONGHAUL_OUT"
	echo 'a,b' >table.csv
	printf '\211PNG\r\n\032\n rest' >plot
	mkdir sub; printf '\000\001\377' >sub/data.bin
	head -c 100000 /dev/zero | tr '\0' x >large.txt
	ln -s /etc/passwd link; ln -s /etc dir; mkfifo pipe
	echo '{"result":{"rows":1}}'`

// artifacts are the files that a structured result names.
func artifacts(t *testing.T, res *tasks.Result) (names []string) {
	t.Helper()
	var out struct{ Artifacts []command.File }
	if err := json.Unmarshal(res.Structured.(json.RawMessage), &out); err != nil {
		t.Fatal(err)
	}
	for _, f := range out.Artifacts {
		mimeType, _, _ := strings.Cut(f.MIMEType, ";")
		names = append(names, fmt.Sprint(f.Name, " ", f.Size, " ", mimeType, " ", f.Kept))
	}
	return names
}

func TestFilesThatAProgramLeaves(t *testing.T) {
	t.Parallel()
	res := done(t, shell(leave), newClient(), `{}`)
	want := []string{"large.txt 100000 text/plain false", "plot 13 image/png true", "sub/data.bin 3 application/octet-stream false", "table.csv 4 text/csv true"}
	if diff := cmp.Diff(want, artifacts(t, res)); diff != "" {
		t.Error(diff)
	}
	contains(t, texts(res), `{"rows":1}`, "table.csv:\na,b", "- large.txt (text/plain", "100000 bytes): not kept", "- plot (image/png, 13 bytes)\n")
	image, ok := res.Content[len(res.Content)-2].(*mcp.ImageContent)
	if !ok || image.MIMEType != "image/png" {
		t.Errorf("the image is %#v", image)
	}
	if _, err := res.Encode(nil); err != nil {
		t.Error(err)
	}
}

func TestFilesOfAResultWithASchema(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]bool{
		`{"type":"object"}`: true,
		`{"type":"object","properties":{"rows":{"type":"integer"}},"additionalProperties":false}`: false,
		`{"type":"object","properties":{"rows":{"type":"integer"},"artifacts":{"type":"array"}}}`: true,
	} {
		c := shell(leave)
		c.Tool.OutputSchema = json.RawMessage(schema)
		res := done(t, c, newClient(), `{}`)
		if got := len(artifacts(t, res)) > 0; got != want {
			t.Errorf("%s: %v", schema, got)
		}
		compiled, err := tasks.CompileSchema(c.Tool.OutputSchema)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := res.Encode(compiled); err != nil {
			t.Error(err)
		}
	}
}

func TestALinkInThePlaceOfTheDirectoryIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, script := range []string{`rmdir "$LONGHAUL_OUT"; ln -s /etc "$LONGHAUL_OUT"; echo x`, `rmdir "$LONGHAUL_OUT"; echo x`} {
		res := done(t, shell(script), newClient(), `{}`)
		if res.Structured != nil || texts(res) != "x\n" {
			t.Errorf("%s: %s %s", script, res.Structured, texts(res))
		}
	}
}

func TestManyFiles(t *testing.T) {
	t.Parallel()
	rt := newClient()
	res := done(t, shell(`cd "$LONGHAUL_OUT"; for i in $(seq 120); do echo >f$i; done`), rt, `{}`)
	if n := len(artifacts(t, res)); n != 100 {
		t.Errorf("%d files are named", n)
	}
	contains(t, texts(res), "and 20 more that are not kept")
	contains(t, rt.said(), "20 of the files that the program left are lost")
	s := shelf{newClient(), make(map[string]string)}
	if _, err := registered(t, rigged(t, shell(`cd "$LONGHAUL_OUT"; for i in $(seq 120); do echo >f$i; done`))).Handle(t.Context(), tasks.NewAttempt(tasks.NewID(0), 1, s, nil), json.RawMessage(`{}`)); err != nil {
		t.Fatal(err)
	}
	if want := "WARN 20 of the files that the program left are lost: a result has at most 100"; s.said() != want || len(s.held) != 100 {
		t.Errorf("%d files are kept, and the log says %q, want %q", len(s.held), s.said(), want)
	}
}

// Names on a disk need not be text. Two files never become one.
func TestFilesWhoseNamesAreNoText(t *testing.T) {
	t.Parallel()
	s := shelf{newClient(), make(map[string]string)}
	c := shell(`cd "$LONGHAUL_OUT"; printf one >"$(printf 'a\376.bin')"; printf three >"$(printf 'a\377.bin')"`)
	res, err := registered(t, rigged(t, c)).Handle(t.Context(), tasks.NewAttempt(tasks.NewID(0), 1, s, nil), json.RawMessage(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a\uFFFD.bin": "one", "\uFFFDa\uFFFD.bin": "three"}, s.held); diff != "" {
		t.Error(diff)
	}
	if n := len(artifacts(t, res)); n != 2 {
		t.Errorf("%d files are named", n)
	}
}

// What the program itself says of artifacts stays.
func TestAProgramsOwnArtifacts(t *testing.T) {
	t.Parallel()
	res := done(t, shell(`echo x >"$LONGHAUL_OUT/x"; echo '{"result":{"artifacts":"mine"}}'`), newClient(), `{}`)
	if string(res.Structured.(json.RawMessage)) != `{"artifacts":"mine"}` {
		t.Errorf("got %s", res.Structured)
	}
}

// A result shows what is small, and not too much of it.
func TestHowMuchAResultShows(t *testing.T) {
	t.Parallel()
	const file = `cd "$LONGHAUL_OUT"; file() { head -c $2 /dev/zero | tr '\0' x >$1; }; `
	for script, want := range map[string]string{
		`file a.png 1048576; file b.png 1048577; file c.txt 65536; file d.txt 65537; printf 'a\0b' >e.txt`: "a.png true, b.png false, c.txt true, d.txt false, e.txt false",
		`for i in 1 2 3 4 5; do file $i.png 1048576; done; echo >6.txt`:                                    "1.png true, 2.png true, 3.png true, 4.png true, 5.png false, 6.txt false",
		`for i in 1 2 3; do file $i.png 1048576; done; for i in $(seq 16); do file 4.txt$i 65536; done; echo >5.txt`: "1.png true, 2.png true, 3.png true, " +
			"4.txt1 true, 4.txt10 true, 4.txt11 true, 4.txt12 true, 4.txt13 true, 4.txt14 true, 4.txt15 true, 4.txt16 true, 4.txt2 true, 4.txt3 true, " +
			"4.txt4 true, 4.txt5 true, 4.txt6 true, 4.txt7 true, 4.txt8 true, 4.txt9 true, 5.txt false",
	} {
		var got []string
		for _, f := range artifacts(t, done(t, shell(file+script), newClient(), `{}`)) {
			words := strings.Fields(f)
			got = append(got, words[0]+" "+words[3])
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s: %s", script, diff)
		}
	}
}

func TestFilesAreKeptElsewhere(t *testing.T) {
	t.Parallel()
	stored := make(map[string]int)
	c := shell(`head -c 300000 /dev/zero | tr '\0' x; head -c 2000000 /dev/zero >"$LONGHAUL_OUT/big"`)
	c.Keep = func(_ context.Context, task tasks.ID, f command.File, content io.Reader) (mcp.Content, error) {
		b, err := io.ReadAll(content)
		stored[f.Name] = len(b)
		return &mcp.ResourceLink{URI: "blob:" + string(task) + "/" + f.Name, Name: f.Name}, err
	}
	res := done(t, c, newClient(), `{}`)
	if diff := cmp.Diff(map[string]int{"big": 2_000_000, "output.txt": 300_000}, stored); diff != "" {
		t.Error(diff)
	}
	contains(t, texts(res), "bytes left out")
	if link, ok := res.Content[len(res.Content)-1].(*mcp.ResourceLink); !ok || link.Name != "output.txt" {
		t.Errorf("the last content is %#v", res.Content[len(res.Content)-1])
	}
}

// A file that there is no room for is named, and said to be lost, in the result and in the log; a smaller one after it is kept, and so is the
// whole output. What the result shows anyway is not lost.
func TestFilesOfOneCallAreBounded(t *testing.T) {
	t.Parallel()
	s := shelf{newClient(), make(map[string]string)}
	c := shell(`seq 100000; cd "$LONGHAUL_OUT"; head -c 60 /dev/zero >a; head -c 60 /dev/zero >b; head -c 40 /dev/zero >c; echo text >d.txt`)
	c.Artifacts = 100
	res, err := registered(t, rigged(t, c)).Handle(t.Context(), tasks.NewAttempt(tasks.NewID(0), 1, s, nil), json.RawMessage(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	var held []string
	for name := range s.held {
		held = append(held, name)
	}
	slices.Sort(held)
	if diff := cmp.Diff([]string{"a", "c", "output.txt"}, held); diff != "" {
		t.Error(diff)
	}
	contains(t, texts(res), "- b (application/octet-stream, 60 bytes): not kept\n- c (application/octet-stream, 40 bytes)\n", "more than is kept of a call: 100 bytes", "d.txt:\ntext")
	if want := "WARN 1 of the files that the program left are lost: together they have more than 100 bytes (artifacts)"; s.said() != want {
		t.Errorf("the log says %q, want %q", s.said(), want)
	}
	few := c
	few.Artifacts = 0
	if err := few.Validate(); err != nil {
		t.Error(err)
	}
	few.Artifacts = -1
	if few.Validate() == nil {
		t.Error("a negative number of bytes is taken")
	}
}

func TestEveryFileIsLinkedWhereThereIsABlobStore(t *testing.T) {
	t.Parallel()
	s := shelf{newClient(), make(map[string]string)}
	id := tasks.NewID(0)
	res, err := registered(t, rigged(t, shell(leave))).Handle(t.Context(), tasks.NewAttempt(id, 1, s, nil), json.RawMessage(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	var linked []string
	for _, c := range res.Content {
		if link, ok := c.(*mcp.ResourceLink); ok {
			linked = append(linked, link.URI)
		}
	}
	var want []string
	for _, name := range []string{"large.txt", "plot", "sub/data.bin", "table.csv"} {
		want = append(want, tasks.ArtifactURI(id, name))
	}
	if diff := cmp.Diff(want, linked); diff != "" {
		t.Error(diff)
	}
	if s.held["table.csv"] != "a,b\n" || len(s.held["plot"]) != 13 {
		t.Errorf("held %q", s.held)
	}
	contains(t, texts(res), "table.csv:\na,b")
	if said := s.said(); strings.Contains(said, "lost") {
		t.Error(said)
	}
}

func TestWhatIsLostWithoutABlobStoreIsSaid(t *testing.T) {
	t.Parallel()
	rt := newClient()
	done(t, shell(`seq 100000; head -c 3000000 /dev/zero >"$LONGHAUL_OUT/big"; echo x >"$LONGHAUL_OUT/small"`), rt, `{}`)
	contains(t, rt.said(), "WARN 457823 bytes of the program's output are lost: this worker has no blob store (-blob)", "WARN 1 of the files that the program left are lost: this")
	few := newClient()
	done(t, shell(`echo x; echo x >"$LONGHAUL_OUT/small"`), few, `{}`)
	if few.said() != "" {
		t.Error(few.said())
	}
}
