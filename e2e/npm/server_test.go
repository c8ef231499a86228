package npm

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// upstreams is a configuration with two servers from npm, of which one may read a directory.
func upstreams(t *testing.T, dir string) string {
	t.Helper()
	bin := node(t)
	script := func(name string) string {
		path, err := filepath.Abs(packages + name + "/dist/index.js")
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := filepath.Join(t.TempDir(), "longhaul.yaml")
	text := fmt.Sprintf(`
servers:
  - name: everything
    command: [%[1]q, %[2]q, stdio]
  - name: files
    command: [%[1]q, %[3]q, %[4]q]
    deny: [move_file]
    tools:
      read_text_file: {name: read, description: Read a file of ours}
`, abs(t, bin), script("server-everything"), script("server-filesystem"), dir)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func abs(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// backstage is a server and a worker that relays to servers from npm.
type backstage struct {
	*rig.Fleet
	config string
	dir    string // that files_… may read and write
	url    string
	client *rig.Client
	worker *rig.Process
}

func newBackstage(t *testing.T) *backstage {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &backstage{Fleet: rig.New(t), config: upstreams(t, dir), dir: dir}
	s := b.Server()
	b.url, b.client = s.URL, s.Client(t)
	b.worker = b.Worker("-config", b.config)
	for _, name := range []string{"everything_echo", "everything_simulate-research-query", "files_list_directory"} {
		b.client.AwaitTool(t, name)
	}
	return b
}

// answer is what the command line client prints of a call with -json.
type answer struct {
	Task   string `json:"taskId"`
	Status string
	Result rig.Result
}

// call calls a tool with the command line client, and returns what it printed and what it said meanwhile.
func (b *backstage) call(t *testing.T, args ...string) (got answer, said string) {
	t.Helper()
	var progress strings.Builder
	cmd := exec.CommandContext(t.Context(), rig.Longhaul(t), append([]string{"call", "-url", b.url, "-json"}, args...)...)
	cmd.Stderr = &progress
	out, err := cmd.Output()
	t.Logf("longhaul call %s: %v\n%s%s", strings.Join(args, " "), err, out, progress.String())
	if err != nil {
		t.Fatal(err)
	}
	read(t, out, &got)
	return got, progress.String()
}

func TestToolsOfServers(t *testing.T) {
	t.Parallel()
	b := newBackstage(t)
	t.Run("ordinary", func(t *testing.T) {
		t.Parallel()
		if got, _ := b.call(t, "everything_echo", "message=hello"); got.Status != "completed" || got.Result.Text() != "Echo: hello" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("structured", func(t *testing.T) {
		t.Parallel()
		got, _ := b.call(t, "everything_get-structured-content", "location=New York")
		var weather struct{ Temperature float64 }
		got.Result.Decode(t, &weather)
		if weather.Temperature == 0 {
			t.Errorf("got %s", got.Result.StructuredContent)
		}
	})
	t.Run("picture", func(t *testing.T) {
		t.Parallel()
		got, _ := b.call(t, "everything_get-tiny-image")
		if len(got.Result.Content) < 2 || got.Result.Content[1].MimeType != "image/png" {
			t.Errorf("got %+v", got.Result)
		}
	})
	t.Run("long", func(t *testing.T) {
		t.Parallel()
		got, said := b.call(t, "everything_trigger-long-running-operation", "duration=2", "steps=4")
		if !strings.Contains(got.Result.Text(), "Duration: 2 seconds, Steps: 4") {
			t.Errorf("got %+v", got)
		}
		if !strings.Contains(said, "2 of 4") {
			t.Error("its progress was not shown")
		}
	})
	t.Run("its own task", func(t *testing.T) {
		t.Parallel()
		task := b.client.Call(t, "everything_simulate-research-query", rig.Object{"topic": "durable tasks"})
		rig.Await(t, "how the server's task stands is told", func() bool { // the relay asks now and then, and may meet only some of these
			said := b.client.Get(t, task.ID).StatusMessage
			return slices.ContainsFunc([]string{"Gathering sources", "Analyzing content", "Synthesizing findings", "Generating report"},
				func(stage string) bool { return strings.Contains(said, stage) })
		})
		if got := b.client.Await(t, task.ID, "completed").Result.Text(); !strings.Contains(got, "# Research Report: durable tasks") {
			t.Errorf("got %s", got)
		}
	})
	t.Run("question", func(t *testing.T) {
		t.Parallel()
		task := b.client.Call(t, "everything_simulate-research-query", rig.Object{"topic": "python", "ambiguous": true})
		asked := b.client.Await(t, task.ID, "input_required")
		for key := range asked.InputRequests {
			b.client.Answer(t, task.ID, key, rig.Object{"interpretation": "snake"})
		}
		if got := b.client.Await(t, task.ID, "completed").Result.Text(); !strings.Contains(got, "# Research Report: python (snake)") {
			t.Errorf("got %s", got)
		}
	})
	t.Run("subscription", func(t *testing.T) {
		t.Parallel()
		const uri = "everything+demo://resource/static/document/architecture.md"
		rig.Await(t, "its resources", func() bool {
			var listed struct{ Resources []struct{ URI string } }
			return b.client.Do(t.Context(), "resources/list", nil, &listed) == nil &&
				slices.ContainsFunc(listed.Resources, func(r struct{ URI string }) bool { return r.URI == uri })
		})
		stream := b.client.ListenTo(t, uri)
		if m := stream.Next(); m.Method != "notifications/subscriptions/acknowledged" || !strings.Contains(string(m.Params), uri) {
			t.Fatalf("not acknowledged: %v", m)
		}
		updated := func() {
			t.Helper()
			if m := stream.Next(); m.Method != "notifications/resources/updated" || !strings.Contains(string(m.Params), `"uri":"`+uri+`"`) {
				t.Fatalf("got %v", m)
			}
		}
		updated()                                         // once it is watched
		b.call(t, "everything_toggle-subscriber-updates") // it tells, every 5 seconds, of what is subscribed to in the session of this call
		updated()
		updated()
	})
	t.Run("files", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(b.dir, "a.txt")
		if got, _ := b.call(t, "files_write_file", "path="+file, "content=durable"); got.Status != "completed" || got.Result.IsError {
			t.Errorf("got %+v", got)
		}
		if got, _ := b.call(t, "read", "path="+file); got.Result.Text() != "durable" {
			t.Errorf("got %+v", got)
		}
		denied := b.client.Await(t, b.client.Call(t, "read", rig.Object{"path": "/etc/hostname"}).ID, "completed").Result
		if !denied.IsError || !strings.Contains(denied.Text(), "Access denied") {
			t.Errorf("got %+v", denied)
		}
	})
	t.Run("denied", func(t *testing.T) {
		t.Parallel()
		if tools := b.client.Tools(t); tools["files_move_file"] != nil || tools["files_read_text_file"] != nil || tools["read"] == nil {
			t.Error("a tool is listed that was denied, or under its old name")
		}
	})
}

// What becomes of calls whose worker is killed is what their annotations say: one that is read-only is made again, another may have been
// done, and is not.
func TestAKilledWorkerOfServers(t *testing.T) {
	t.Parallel()
	b := newBackstage(t)
	again := b.client.Call(t, "everything_trigger-long-running-operation", rig.Object{"duration": 8, "steps": 40})
	once := b.client.Call(t, "everything_simulate-research-query", rig.Object{"topic": "x"})
	rig.Await(t, "both run", func() bool {
		return strings.Contains(b.client.Get(t, again.ID).StatusMessage, "of 40") && b.client.Get(t, once.ID).StatusMessage != ""
	})
	b.worker.Kill()
	b.Worker("-config", b.config)
	if got := b.client.Await(t, again.ID, "completed"); !strings.Contains(got.Result.Text(), "completed") {
		t.Errorf("want it made again, but %s", got)
	}
	lost := b.client.Await(t, once.ID, "completed")
	if !lost.Result.IsError || !strings.Contains(lost.Result.Text(), "upstream everything") {
		t.Errorf("want an error that says what became of it, but %s: %s", lost, lost.Result.Text())
	}
}
