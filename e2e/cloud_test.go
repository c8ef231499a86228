package e2e

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/cloud"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// floods is a configuration with a program that writes a lot, as a tool whose tasks are remembered for a day, and as one for seconds.
func floods(t *testing.T) string {
	t.Helper()
	const tool = `
  - name: %s
    description: Writes a lot
    command: [sh, -c, 'yes "$1" | head -c "$0"', "${arg:bytes}", %q]
    stdin: none
    input: {type: object, properties: {bytes: {type: integer}}, required: [bytes]}
    policy: {retention: %s}`
	return configured(t, "tools:"+fmt.Sprintf(tool, "flood", strings.TrimSpace(line), "24h")+fmt.Sprintf(tool, "brief", strings.TrimSpace(line), "2s"))
}

// stage is a server and a worker whose large results are in a cloud.
func cloudStage(t *testing.T, c *cloud.Cloud) (*rig.Client, *rig.Process) {
	t.Helper()
	f := rig.New(t)
	f.Env = c.Env
	return f.Server("-blob", c.URL).Client(t), f.Worker("-config", floods(t), "-blob", c.URL)
}

// linkOf is where the whole of a result is.
func linkOf(t *testing.T, task rig.Task) string {
	t.Helper()
	for _, part := range task.Result.Content {
		if part.URI != "" {
			return part.URI
		}
	}
	t.Fatalf("no link in %+v", task.Result)
	return ""
}

// A large result goes to the cloud, is read in parts, and is deleted with its task.
func TestLargeResultsInTheClouds(t *testing.T) {
	t.Parallel()
	cloud.Each(t, func(t *testing.T, at *cloud.Cloud) {
		c, _ := cloudStage(t, at)
		const size = 20 << 20 // more than one request has
		link := linkOf(t, c.Await(t, c.Call(t, "flood", rig.Object{"bytes": size}).ID, "completed"))
		for query, want := range map[string]string{
			"?lines=1-2":                                  line + line,
			fmt.Sprintf("?lines=%d-", size/64):            line,
			fmt.Sprintf("?lines=%d-%d", 300_000, 300_001): line + line,
		} {
			if got := readText(t, c, link+query); got != want {
				t.Errorf("%s: got %.200q", query, got)
			}
		}
		kept := len(at.Objects(t))
		brief := c.Call(t, "brief", rig.Object{"bytes": 1 << 20}).ID
		rig.Await(t, "the end", func() bool { return c.Get(t, brief).Terminal() })
		rig.Await(t, "its objects are deleted", func() bool { return !strings.Contains(strings.Join(at.Objects(t), " "), brief) })
		if n := len(at.Objects(t)); n != kept || kept == 0 {
			t.Errorf("%d objects are left, of %d of the other task", n, kept)
		}
	})
}

// The bucket is away when a result is to be written, and when one is read: nothing is lost, and everybody is told.
func TestACloudThatIsAway(t *testing.T) {
	t.Parallel()
	at := cloud.S3(t)
	c, worker := cloudStage(t, at)
	const size = 20 << 20
	at.Kill()
	id := c.Call(t, "flood", rig.Object{"bytes": size}).ID
	worker.Line("cannot write to the blob store, trying on")
	if now := c.Get(t, id); now.Status != "working" {
		t.Errorf("meanwhile it is %s", now.Status)
	}
	at.Again()
	link := linkOf(t, c.Await(t, id, "completed"))
	last := fmt.Sprintf("?lines=%d-", size/64)
	if got := readText(t, c, link+last); got != line {
		t.Errorf("got %.200q", got)
	}
	at.Kill()
	var answer rig.Object
	if err := c.Do(t.Context(), "resources/read", rig.Object{"uri": link + last}, &answer); err == nil || !strings.Contains(err.Error(), "the blob store cannot be read: try again") {
		t.Errorf("read: got %v, %v", answer, err)
	}
}

// What is wrong with a bucket is said at the start, with the flag's name, in words.
func TestABucketThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	nobody := rig.FreePort(t)
	cloud.Each(t, func(t *testing.T, c *cloud.Cloud) {
		other := strings.Replace(c.URL, cloud.Bucket, "other", 1)
		cases := map[string]struct {
			env  []string
			url  string
			want string
		}{
			"fine":        {c.Env, c.URL, `flags and tools are fine`},
			"no bucket":   {c.Env, other, `-blob: cannot write an object: write \w+://other: is there such a bucket\? (NoSuchBucket: The|ContainerNotFound|Not Found)`},
			"unreachable": {moved(c.Env, c.Addr, nobody), strings.Replace(c.URL, c.Addr, nobody, 1), `-blob: cannot write an object: write \w+://results: the blob store cannot be used now: dial tcp 127.0.0.1:\d+: connect: connection refused$`},
		}
		if c.Name != "Google" { // which lets everybody in
			cases["wrong key"] = struct {
				env  []string
				url  string
				want string
			}{append(c.Env, "AWS_SECRET_ACCESS_KEY=wrong", "AZURE_STORAGE_KEY=d3Jvbmc="), c.URL, `-blob: cannot write an object: write \w+://results: .*the credentials that it was given do not allow it: (SignatureDoesNotMatch|AuthorizationFailure)`}
		}
		for name, x := range cases {
			p := rig.Solo(t, x.env, "-check", "-blob", x.url)
			if code := p.ExitCode(); (code == 0) != (name == "fine") {
				t.Errorf("%s: exit code %d", name, code)
			}
			if said := strings.TrimSpace(p.Said()); !regexp.MustCompile(x.want).MatchString(said) {
				t.Errorf("%s: said %s", name, said)
			}
		}
	})
}

// moved is an environment in which a server is somewhere else.
func moved(env []string, from, to string) []string {
	return strings.Split(strings.ReplaceAll(strings.Join(env, "\n"), from, to), "\n")
}

// Without credentials for Google its driver would go on.
func TestGoogleWithoutCredentials(t *testing.T) {
	t.Parallel()
	p := rig.Solo(t, []string{"HOME=" + t.TempDir(), "GOOGLE_APPLICATION_CREDENTIALS=/no/such/file"}, "-check", "-blob", "gs://results")
	if p.ExitCode() == 0 || !strings.Contains(p.Said(), "-blob: gs://results: ") || !strings.Contains(p.Said(), "/no/such/file") {
		t.Errorf("said %s", p.Said())
	}
}

// What the README shows of -blob works, at servers that speak the protocols in place of the clouds.
func TestReadmeShowsBuckets(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]int{}
	at := map[string]*cloud.Cloud{"s3": cloud.S3(t), "azblob": cloud.Azure(t), "gs": cloud.Google(t)}
	for _, m := range regexp.MustCompile(`(?m)^-blob '?((\w+)://[^\s']+)`).FindAllStringSubmatch(string(doc), -1) {
		u, err := url.Parse(m[1])
		if err != nil {
			t.Fatal(err)
		}
		c := at[u.Scheme]
		if c == nil {
			continue // a directory
		}
		shown[u.Scheme]++
		env := slices.Concat(c.Env, []string{"AWS_ENDPOINT_URL=http://" + c.Addr, "AZURE_STORAGE_DOMAIN=" + c.Addr, "AZURE_STORAGE_PROTOCOL=http"})
		if q := u.Query(); u.Scheme == "s3" {
			if q.Has("endpoint") {
				q.Set("endpoint", "http://"+c.Addr)
			} else {
				q.Set("use_path_style", "true") // the address of the test's server cannot have the bucket's name before it
			}
			q.Set("region", "us-east-1") // the server's
			u.RawQuery = q.Encode()
		}
		if p := rig.Solo(t, env, "-check", "-blob", u.String()); p.ExitCode() != 0 {
			t.Errorf("%s: %s", m[1], p.Said())
		}
	}
	if shown["s3"] < 3 || shown["gs"] == 0 || shown["azblob"] == 0 {
		t.Errorf("README shows %v", shown)
	}
}
