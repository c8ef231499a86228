package upstream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

const quietFor = 12 * time.Minute

// startQuiet is a program of 2026-07-28 without a process: of a resource it tells once, after a while.
func startQuiet(upstream.Command) (*upstream.Process, error) {
	stdin, in := io.Pipe()
	out, stdout := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer stdout.Close()
		for lines := bufio.NewScanner(stdin); lines.Scan(); {
			var m struct {
				ID     json.RawMessage `json:"id"`
				Method string          `json:"method"`
				Params struct {
					Notifications object `json:"notifications"`
				} `json:"params"`
			}
			_ = json.Unmarshal(lines.Bytes(), &m)
			say := func(v any) {
				b, _ := json.Marshal(v)
				fmt.Fprintf(stdout, "%s\n", b)
			}
			meta := object{"io.modelcontextprotocol/subscriptionId": m.ID}
			switch {
			case m.Method != "subscriptions/listen":
				say(object{"jsonrpc": "2.0", "id": m.ID, "result": object{
					"supportedVersions": []string{"2026-07-28"}, "capabilities": object{"resources": object{"subscribe": true}},
					"resources": []object{{"name": "a", "uri": "note://a"}}, "resourceTemplates": []object{}, "tools": []object{},
				}})
			case m.Params.Notifications["resourceSubscriptions"] != nil:
				say(object{"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": object{
					"_meta": meta, "notifications": m.Params.Notifications,
				}})
				time.AfterFunc(quietFor, func() {
					say(object{"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": object{"_meta": meta, "uri": "note://a"}})
				})
			}
		}
	}()
	return &upstream.Process{
		Stdin: in, Stdout: out, Signal: func(bool) { _ = stdin.Close() }, Wait: func() error { <-ended; return nil },
	}, nil
}

// A program that has nothing to tell for long is not taken for dead, and nobody is told of changes that there were not.
func TestAQuietProgramIsWatchedOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, upstream.Options{Start: startQuiet}, upstream.Server{Name: "up", Command: []string{"quiet"}})
		v := r.watch("up+note://a")
		began := time.Now()
		v.hears(t)
		if d := time.Since(began); d != quietFor {
			t.Errorf("something was told after %s, want %s", d, quietFor)
		}
		v.stop()
		if err := <-v.ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
