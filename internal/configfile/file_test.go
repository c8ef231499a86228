package configfile

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// written is a configuration file of this text, in a directory of its own.
func written(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	put(t, path, text)
	return path
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func got[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestAFileIsRead(t *testing.T) {
	t.Parallel()
	base, err := filepath.Abs("testdata/good")
	if err != nil {
		t.Fatal(err)
	}
	no := false
	none := ""
	want := File{
		Clients: []server.Client{{Name: "claude-code", Hold: 5 * time.Minute}, {Name: "*", Hold: 25 * time.Second}},
		Tools: []command.Command{{
			Tool: tasks.Tool{
				Name: "reindex", Title: "Reindex", Description: "Rebuild the search index",
				Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true, DestructiveHint: &no, IdempotentHint: true, OpenWorldHint: &no},
				InputSchema: json.RawMessage(`{"type":"object","properties":{"since":{"type":"string","format":"date","x-note":"mine"},"full":{"type":"boolean","default":false},` +
					`"n":{"type":["integer","null"],"minimum":-3,"maximum":1500,"multipleOf":16},` +
					`"list":{"type":"array","items":{"type":"string","pattern":"^a","minLength":0},"uniqueItems":true,"prefixItems":[true],"default":[]},"any":true},` +
					`"additionalProperties":false,"required":["since"]}`),
				OutputSchema: json.RawMessage(`{"type":"object","examples":[{"a":null}],"description":"What was done\n"}`),
				Policy: tasks.Policy{
					Queue: "heavy", Priority: tasks.Low, Delay: time.Second, Timeout: 4 * time.Hour, Attempts: 3, Backoff: 10 * time.Second,
					Concurrency: 2, Rate: tasks.Rate{N: 10, Per: time.Minute},
					Rerun: tasks.No, Exclusive: true, Task: tasks.Required, Refuse: true, Hold: 20 * time.Second, Orphan: time.Minute, Detach: true,
					Inline: 500 * time.Millisecond, Dedupe: tasks.ByArguments, Window: 5 * time.Minute, Park: time.Minute,
					Before: []tasks.Question{
						{Key: "sure", Request: tasks.FormSchema("Rebuild it all?", json.RawMessage(`{"type":"object","properties":{}}`))},
						{Key: "how", Request: tasks.FormSchema("How?", json.RawMessage(`{"type":"object","properties":{"fast":{"type":"boolean"}}}`))},
					},
					Retention: 7 * 24 * time.Hour, MaxLifetime: 30 * 24 * time.Hour,
				},
			},
			Args:  []string{"python3", "-u", "${base}/reindex.py", "--since=${arg:since}", "${if:full}--full", "build"},
			Env:   map[string]string{"INDEX": "${base}/index", "SINCE": "${arg:since}", "TOKEN": "Bearer ${file:everything.secret}", "PLAIN": "$${env:X}"},
			Pass:  []string{"LC_ALL"},
			Input: command.Dialog, Dir: ".", Base: base, Grace: 10 * time.Second, Artifacts: 20 << 30,
			Limits: command.Limits{
				Memory: 512 << 20, CPU: 90 * time.Second, Files: 100, Processes: 10,
				Cgroup: command.Cgroup{Parent: "/sys/fs/cgroup/x", Memory: 2e9, CPUs: 1.5, Processes: 64, Required: true},
			},
		}},
		Servers: []upstream.Server{
			{
				Name: "github", Prefix: &none, Command: []string{"github-mcp-server", "stdio", "${x}"}, Dir: "/srv",
				Allow: []string{"*_issue", "get_*"}, Deny: []string{"delete_*"}, Sessions: 4, NoResources: true,
				Tools:  map[string]upstream.Tool{"create_issue": {Name: "open_issue", Description: "Opens an issue", Policy: &tasks.Policy{Rerun: tasks.No}}},
				Policy: tasks.Policy{Timeout: 30 * time.Minute, Rerun: tasks.Yes},
			},
			{Name: "search", URL: "https://search.internal/mcp?key=s3cret"},
		},
	}
	f := got(Read("testdata/good/everything.yaml", everything))(t)
	env := got(f.Servers[0].Env(t.Context()))(t)
	if diff := cmp.Diff([]string{"FIXED=1", "TOKEN=s3cret"}, env); diff != "" {
		t.Error(diff)
	}
	header := got(f.Servers[1].Header(t.Context()))(t)
	if diff := cmp.Diff(http.Header{"Authorization": {"Bearer s3cret"}}, header); diff != "" {
		t.Error(diff)
	}
	f.Servers[0].Env, f.Servers[1].Header = nil, nil
	for i := range f.Servers {
		if f.Servers[i].Version == "" {
			t.Errorf("server %d has no version: a reload could not tell whether it changed", i)
		}
		f.Servers[i].Version = ""
	}
	f.Warnings = nil // of programs that this machine need not have
	if diff := cmp.Diff(&want, f); diff != "" {
		t.Error(diff)
	}
}

func TestLittleIsEnough(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty": "", "comment": "# nothing yet\n", "no part": "{}", "no entry": "clients:\n  # - name: x\n", "from Windows": "\ufeffclients: []\r\n",
		"bare names":  `servers: [{name: a, prefix: "", command: [a]}, {name: b, prefix: "", command: [b]}]`,
		"no variable": "tools: [{name: a, command: [a], env: }]",
		"no names":    `servers: [{name: a, command: [a], tools: {x: {description: X}, y: {description: Y}}}]`,
		"largest":     strings.Repeat("#", maxFile),
	} {
		f, err := Read(written(t, text), everything)
		if err != nil || len(f.Clients) > 0 {
			t.Errorf("%s: %+v %v", name, f, err)
		} else if blank := name == "empty" || name == "comment" || name == "largest"; f.Blank != blank {
			t.Errorf("%s: blank is %v", name, f.Blank)
		}
	}
	if _, err := Read("/no/such.yaml", everything); !os.IsNotExist(err) {
		t.Error(err)
	}
	if _, err := Read(written(t, strings.Repeat("# large\n", maxFile/8+1)), everything); err == nil || !strings.Contains(err.Error(), "the limit is") {
		t.Error(err)
	}
}

// What is bounded may be as large as its bound, and not larger.
func TestValuesAtTheirBounds(t *testing.T) {
	t.Parallel()
	client := func(name, hold string) string { return fmt.Sprintf("clients: [{name: '%s', hold: %s}]", name, hold) }
	tool := func(more string) string { return "tools: [{name: a, command: [a], " + more + "}]" }
	header := func(value string) string {
		return `servers: [{name: a, url: "http://h", headers: {A: "` + value + `"}}]`
	}
	for name, c := range map[string]struct{ fine, wrong, says string }{
		"a name":          {client(strings.Repeat("n", 64), "1s"), client(strings.Repeat("n", 65), "1s"), "bytes: use at most 64"},
		"stars":           {client("a*", "1s"), client("a**", "1s"), "can only end it"},
		"days":            {client("a", "65535d"), client("a", "65536d"), "use a number with a unit"},
		"a count":         {tool("limits: {files: 1000000000}"), tool("limits: {files: 1000000001}"), "use at most 1000000000"},
		"a number":        {tool("limits: {cgroup: {cpus: 1.0e+9}}"), tool("limits: {cgroup: {cpus: 1.1e+9}}"), "at most 1000000000"},
		"a small number":  {tool("limits: {cgroup: {cpus: 0.001}}"), tool("limits: {cgroup: {cpus: 0.0}}"), "use more than 0"},
		"a size":          {tool("limits: {memory: 1048576TiB}"), tool("limits: {memory: 1048577TiB}"), "use a whole number with a unit"},
		"a huge size":     {tool("limits: {memory: 4000000000MB}"), tool("limits: {memory: 18446744073709551615kB}"), "use a whole number with a unit"},
		"a small size":    {tool("limits: {memory: 1kB}"), tool("limits: {memory: 0kB}"), "use a whole number with a unit"},
		"a word":          {tool("stdin: dialog"), tool("stdin: Dialog"), `stdin "Dialog" is unknown: did you mean dialog?`},
		"a length":        {tool("input: {type: object, minProperties: 1000000000}"), tool("input: {type: object, minProperties: 1000000001}"), "must be a whole number from 0"},
		"a header":        {header(`a\tb~`), header(`a\x7fb`), "a header is one line"},
		"brackets":        {"clients: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "clients: " + strings.Repeat("[", 201) + strings.Repeat("]", 201), "more than 200 deep"},
		"curly brackets":  {"clients: " + strings.Repeat("{a: ", 200) + strings.Repeat("}", 200), "clients: " + strings.Repeat("{a: ", 201) + strings.Repeat("}", 201), "more than 200 deep"},
		"brackets in all": {"clients: [" + strings.Repeat("[], {}, ", 300) + "]", "clients: " + strings.Repeat("[{a: ", 101) + strings.Repeat("}]", 101), "more than 200 deep"},
	} {
		if _, err := Read(written(t, c.fine), everything); err != nil && strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Read(written(t, c.wrong), everything); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s", name, err, c.says)
		}
	}
}

// Each process reads its parts. One that checks reads all, but what others refer to need not be here.
func TestEachReadsItsParts(t *testing.T) {
	t.Parallel()
	const clients, tools, servers = "clients: 1\n", "tools: 1\n", "servers: 1\n"
	const refers = `tools: [{name: a, command: [a], user: nobody-here, env: {A: "${env:NO_SUCH_VARIABLE}"}}]
servers: [{name: a, url: "${env:NO_SUCH_VARIABLE}", headers: {A: "${file:no-such-file}"}}]
`
	front, worker := Options{Serves: true}, Options{Works: true}
	checkingFront, checkingWorker := Options{Serves: true, Check: true}, Options{Works: true, Check: true}
	for name, c := range map[string]struct {
		text string
		o    Options
		fine bool
	}{
		"a front end's own":                       {clients, front, false},
		"a front end and tools":                   {tools, front, true},
		"a front end and servers":                 {servers, front, true},
		"a worker's own tools":                    {tools, worker, false},
		"a worker's own servers":                  {servers, worker, false},
		"a worker and clients":                    {clients, worker, true},
		"a checking front end and tools":          {tools, checkingFront, false},
		"a checking front end and servers":        {servers, checkingFront, false},
		"a checking worker and clients":           {clients, checkingWorker, false},
		"a checking front end and references":     {refers, checkingFront, true},
		"a worker and references":                 {refers, worker, false},
		"a part that nobody knows":                {"client: []\n", Options{}, false},
		"a checking front end and bad references": {`servers: [{name: a, url: "http://h", headers: {A: "${evn:X}"}}]`, checkingFront, false},
	} {
		if _, err := Read(written(t, c.text), c.o); (err == nil) != c.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a secret is may change while the process runs, and is never told.
func TestReferencesAreLookedUpAtEachUse(t *testing.T) {
	t.Parallel()
	path := written(t, `servers:
  - {name: a, command: [a], env: {TOKEN: "${file:secret}"}, pass: [PATH, NO_SUCH_VARIABLE]}
  - {name: b, url: "http://h", headers: {Authorization: "Bearer ${file:secret}"}}
`)
	secret := filepath.Join(filepath.Dir(path), "secret")
	put(t, secret, "first\n")
	f := got(Read(path, everything))(t)
	if dir := f.Servers[0].Dir; dir != filepath.Dir(path) {
		t.Errorf("the server runs in %s", dir)
	}
	for _, want := range []string{"first", "second"} {
		put(t, secret, want+"\r\n")
		env := got(f.Servers[0].Env(t.Context()))(t)
		if diff := cmp.Diff([]string{"PATH=" + os.Getenv("PATH"), "TOKEN=" + want}, env); diff != "" {
			t.Error(diff)
		}
		if got := got(f.Servers[1].Header(t.Context()))(t).Get("Authorization"); got != "Bearer "+want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	put(t, secret, "tw0\nl1nes")
	if _, err := f.Servers[1].Header(t.Context()); err == nil || strings.Contains(err.Error(), "tw0") || strings.Contains(err.Error(), "l1nes") {
		t.Errorf("a header of two lines: %v", err)
	}
	if err := os.Remove(secret); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Servers[0].Env(t.Context()); err == nil || !strings.Contains(err.Error(), "there is no file") {
		t.Errorf("without the file: %v", err)
	}
	if _, err := f.Servers[1].Header(t.Context()); err == nil {
		t.Error("there are headers without the file")
	}
}

// A program works elsewhere: an argument that names a file beside the configuration becomes its path, others stay words.
func TestArgumentsThatNameFiles(t *testing.T) {
	t.Parallel()
	path := written(t, `tools: [{name: a, command: [run.sh, run.sh, -run.sh, ./run.sh, "${base}/run.sh", word, dir.d, gone.sh, lib/x, /run.sh, 'a$${b.sh']}]`)
	base := filepath.Dir(path)
	for _, dir := range []string{"lib", "dir.d"} {
		if err := os.Mkdir(filepath.Join(base, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"run.sh", "-run.sh", "word", "lib/x", "a${b.sh", "a$${b.sh"} {
		put(t, filepath.Join(base, file), "")
	}
	f := got(Read(path, everything))(t)
	want := []string{"run.sh", "${base}/run.sh", "-run.sh", "${base}/./run.sh", "${base}/run.sh", "word", "dir.d", "gone.sh", "${base}/lib/x", "/run.sh", "a$${b.sh"}
	if diff := cmp.Diff(want, f.Tools[0].Args); diff != "" {
		t.Error(diff)
	}
}

// A file that is wrong all over is still answered soon.
func TestAFileThatIsWrongAllOverIsAnsweredSoon(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("tools:\n")
	for range 2000 {
		b.WriteString("  - {name: a, command: [a, '${arg:']}\n")
	}
	begun := time.Now()
	_, err := Read(written(t, b.String()), everything)
	if n := len(faults(err)); n < 1 || time.Since(begun) > time.Minute {
		t.Errorf("%d faults after %s", n, time.Since(begun))
	}
}

// A program or a script that is not there is told where it is named, and refuses nothing.
func TestProgramsThatAreMissingAreTold(t *testing.T) {
	t.Parallel()
	path := written(t, `tools:
  - {name: a, command: [no-such-program, here.py]}
  - {name: b, command: [./here.py, missing.py, "${arg:x}.py", -x.py, no.mjs]}
  - {name: c, command: [here.py, /no/such.rb]}
  - {name: d, command: [no-such-program], env: {PATH: /opt}}
  - {name: e, command: [ls, there.sh], dir: sub}
  - {name: f, command: [./notes]}
  - {name: g, command: [./windows.sh], dir: gone}
servers:
  - {name: a, command: [/no/such/server]}
  - {name: b, command: [ls, here.py, there.sh]}
  - {name: c, command: [./there.sh], dir: sub}
`)
	dir := filepath.Dir(path)
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{"here.py", "sub/there.sh"} {
		if err := os.WriteFile(filepath.Join(dir, script), nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "notes"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "windows.sh"), []byte("#!/bin/sh\r\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := []string{
		":2:25: warning: there is no program no-such-program in the PATH of this process",
		":3:36: warning: there is no file " + dir + "/missing.py",
		":3:70: warning: there is no file " + dir + "/no.mjs",
		":4:25: warning: there is no program here.py in the PATH; for the one in " + dir + " write ./here.py",
		":4:34: warning: there is no file /no/such.rb",
		":7:25: warning: " + dir + "/notes may not be executed: chmod +x " + dir + "/notes",
		":8:25: warning: " + dir + "/windows.sh: its first line ends with a carriage return, as on Windows: save it with the line ends of Unix",
		":8:45: warning: there is no directory " + dir + "/gone",
		":10:25: warning: there is no program /no/such/server on this machine",
		":11:38: warning: there is no file " + dir + "/there.sh",
	}
	for i := range want {
		want[i] = path + want[i]
	}
	f := got(Read(path, Options{Works: true}))(t)
	if diff := cmp.Diff(want, f.Warnings); diff != "" {
		t.Error(diff)
	}
	if f := got(Read(path, Options{Serves: true, Check: true}))(t); f.Warnings != nil {
		t.Errorf("told by a process that starts no programs: %s", f.Warnings)
	}
}

// What may be a secret is not kept to tell descriptions apart.
func TestAVersionKeepsNoText(t *testing.T) {
	t.Parallel()
	versions := make(map[string]bool)
	for _, secret := range []string{"s3cret", "0ther"} {
		f := got(Read(written(t, `servers: [{name: a, url: "http://h", headers: {Authorization: "Bearer `+secret+`"}}]`), everything))(t)
		if v := f.Servers[0].Version; strings.Contains(v, secret) || strings.Contains(v, "http") {
			t.Errorf("the version is %s", v)
		}
		versions[f.Servers[0].Version] = true
	}
	if len(versions) != 2 {
		t.Error("another header is the same version")
	}
}

// A url is looked up when the file is read, so another one behind the same reference is another server.
func TestAVersionKnowsWhereItsURLLeads(t *testing.T) {
	t.Parallel()
	path := written(t, `servers: [{name: a, url: "${file:url}"}]`)
	url := filepath.Join(filepath.Dir(path), "url")
	var versions []string
	for _, to := range []string{"http://one", "http://one", "http://other"} {
		put(t, url, to)
		versions = append(versions, got(Read(path, everything))(t).Servers[0].Version)
	}
	if versions[0] != versions[1] || versions[1] == versions[2] {
		t.Errorf("the versions are %q", versions)
	}
}
