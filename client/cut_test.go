package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/e2e/image"
	"github.com/longhaul-mcp/longhaul/e2e/rig"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// cutter breaks the streams of calls, the first so many, each at its first event; it counts what is sent.
type cutter struct {
	cuts           atomic.Int32 // still to do
	calls, resumed atomic.Int32
}

func (c *cutter) RoundTrip(r *http.Request) (*http.Response, error) {
	call := false
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if call = bytes.Contains(body, []byte(`"method":"tools/call"`)); call {
			c.calls.Add(1)
		}
	}
	if r.Header.Get("Last-Event-ID") != "" {
		call = true
		c.resumed.Add(1)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && call && c.cuts.Add(-1) >= 0 {
		res.Body = &cutBody{ReadCloser: res.Body}
	}
	return res, err
}

// cutBody breaks a stream behind the first event that has an id and a message.
type cutBody struct {
	io.ReadCloser
	seen bytes.Buffer
}

func (b *cutBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.seen.Write(p[:n])
	if whole := b.seen.Bytes(); bytes.Contains(whole, []byte("id:")) && bytes.Contains(whole, []byte(`"jsonrpc"`)) && bytes.HasSuffix(whole, []byte("\n\n")) {
		return n, errors.New("cut")
	}
	return n, err
}

// A call that is held goes on where its stream was cut, twice: the tool is started once, and a question put once.
func TestALonghaulServerGoesOnWithACutCall(t *testing.T) {
	t.Parallel()
	f := rig.New(t)
	f.Image(image.Image{Name: "fixtures", Tools: []image.Tool{
		{Tool: tasks.Tool{Name: "sleep", Description: "Fixture"}, Does: image.Sleep}, {Tool: tasks.Tool{Name: "ask", Description: "Fixture"}, Does: image.Ask},
	}})
	s := f.Server()
	for _, revision := range []string{"2025-06-18", "2025-03-26"} {
		t.Run(revision, func(t *testing.T) {
			t.Parallel()
			cut := new(cutter)
			var asked atomic.Int32
			c := dialServer(t, s, client.Options{
				Revision: revision, HTTP: &http.Client{Transport: cut},
				Answer: func(context.Context, client.Question) (client.Answer, error) {
					if asked.Add(1) == 1 {
						rig.Await(t, "the stream is resumed", func() bool { return cut.resumed.Load() >= 4 })
					}
					return client.Accept(object{"name": "Ada"}), nil
				},
				Changed: func(client.Task) {},
			})
			cut.cuts.Store(2)
			r, err := c.Call(t.Context(), "sleep", object{"ms": 2000}, client.CallOptions{})
			if err != nil || r.Structured == nil || cut.calls.Load() != 1 || cut.resumed.Load() != 2 {
				t.Fatalf("%+v, %v, %d calls, resumed %d times", r, err, cut.calls.Load(), cut.resumed.Load())
			}
			cut.cuts.Store(2)
			if r, err = c.Call(t.Context(), "ask", nil, client.CallOptions{}); err != nil || r.Text() != "hello Ada" || cut.calls.Load() != 2 || asked.Load() != 1 {
				t.Errorf("%+v, %v, %d calls, asked %d times", r, err, cut.calls.Load(), asked.Load())
			}
		})
	}
}

// A server that is not Longhaul and keeps the events of its streams: nothing of a call is lost, and it is not made again.
func TestAServerMadeWithTheSDKGoesOnWithACutCall(t *testing.T) {
	t.Parallel()
	for _, revision := range []string{"2025-11-25", "2025-06-18"} {
		t.Run(revision, func(t *testing.T) {
			t.Parallel()
			var started atomic.Int32
			resumed := make(chan struct{})
			url := sdkWithEvents(t, &started, resumed)
			cut := new(cutter)
			cut.cuts.Store(1)
			var mu sync.Mutex
			var told []float64
			var asked atomic.Int32
			c, err := client.Dial(t.Context(), url, client.Options{
				Revision: revision, HTTP: &http.Client{Transport: cut}, Answer: says("Ada", &asked),
				Changed: func(t client.Task) {
					mu.Lock()
					defer mu.Unlock()
					told = append(told, t.Progress.Done)
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			go func() {
				rig.Await(t, "the stream is resumed", func() bool { return cut.resumed.Load() > 0 })
				close(resumed)
			}()
			r, err := c.Call(t.Context(), "slow", nil, client.CallOptions{})
			if err != nil || r.Text() != "hello Ada" || started.Load() != 1 || cut.calls.Load() != 1 || asked.Load() != 1 {
				t.Errorf("%+v, %v, started %d times, %d calls, asked %d times", r, err, started.Load(), cut.calls.Load(), asked.Load())
			}
			mu.Lock()
			defer mu.Unlock()
			if len(told) != 3 || told[0] != 1 || told[2] != 3 {
				t.Errorf("told %v", told)
			}
		})
	}
}

// sdkWithEvents has a tool that reports, waits until its stream was resumed, asks, and reports more.
func sdkWithEvents(t *testing.T, started *atomic.Int32, resumed <-chan struct{}) string {
	s := mcp.NewServer(&mcp.Implementation{Name: "sdk", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "slow"}, func(ctx context.Context, r *mcp.CallToolRequest, _ any) (*mcp.CallToolResult, any, error) {
		started.Add(1)
		report := func(n float64) error {
			return r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: r.Params.GetProgressToken(), Progress: n, Total: 3})
		}
		if err := report(1); err != nil {
			return nil, nil, err
		}
		<-resumed
		if err := report(2); err != nil {
			return nil, nil, err
		}
		e, err := r.Session.Elicit(ctx, &mcp.ElicitParams{Message: "Who?"})
		if err != nil {
			return nil, nil, err
		}
		if err := report(3); err != nil {
			return nil, nil, err
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "hello " + e.Content["it"].(string)}}}, nil, nil
	})
	h := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, &mcp.StreamableHTTPOptions{
		EventStore: mcp.NewMemoryEventStore(nil),
	}))
	t.Cleanup(h.Close)
	return h.URL
}
