package blob_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/e2e/cloud"
)

// opening: the SDKs read the environment when a store is opened, and it is the whole process's.
var opening sync.Mutex

func openCloud(t testing.TB, c *cloud.Cloud) *blob.Store {
	t.Helper()
	opening.Lock()
	defer opening.Unlock()
	for _, v := range c.Env {
		name, value, _ := strings.Cut(v, "=")
		if err := os.Setenv(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return open(t, c.URL)
}

// A bucket that is away, silent or dead, is told of in time, by every method. When it is back, so is what it had.
func TestABucketThatIsAway(t *testing.T) {
	t.Parallel()
	cloud.Each(t, func(t *testing.T, c *cloud.Cloud) {
		s := openCloud(t, c)
		o, err := s.Put(t.Context(), "task-1/1-a/0", strings.NewReader(strings.Repeat("x", large)))
		if err != nil {
			t.Fatal(err)
		}
		s.Hurry(5 * time.Second)
		begun, err := s.Read(t.Context(), o.Key, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer begun.Close()

		s.Hurry(500 * time.Millisecond)
		c.Freeze()
		away(t, s)
		if n, err := io.Copy(io.Discard, begun); err == nil {
			t.Errorf("reading on: got the end after %d bytes", n)
		}
		c.Thaw()
		s.Hurry(time.Minute)
		if got := read(t, s, o.Key, large-3, -1); got != "xxx" {
			t.Errorf("when it is back: got %q", got)
		}
		if _, err := s.Put(t.Context(), "task-1/1-a/1", strings.NewReader(strings.Repeat("y", large))); err != nil {
			t.Errorf("when it is back: %v", err)
		}

		s.Hurry(500 * time.Millisecond)
		c.Kill()
		away(t, s)
	})
}

func away(t *testing.T, s *blob.Store) {
	t.Helper()
	for _, size := range []int{1, large} {
		if _, err := s.Put(t.Context(), "task-1/1-a/2", strings.NewReader(strings.Repeat("x", size))); !errors.Is(err, blob.ErrUnavailable) {
			t.Errorf("write %d bytes: got %v", size, err)
		}
	}
	for _, length := range []int64{-1, 0, 2} {
		if _, err := s.Read(t.Context(), "task-1/1-a/0", 2, length); !errors.Is(err, blob.ErrUnavailable) {
			t.Errorf("read %d bytes: got %v", length, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := s.DeleteAll(ctx, "task-1/"); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("delete: got %v", err)
	}
}

// A write that is given up while its bucket is silent does not wait for it as long as one that is wanted.
func TestAWriteThatIsGivenUpWhileTheBucketIsAway(t *testing.T) {
	t.Parallel()
	c := cloud.S3(t)
	s := openCloud(t, c)
	s.Hurry(time.Hour)
	c.Freeze()
	ctx, cancel := context.WithCancel(t.Context())
	content := io.MultiReader(strings.NewReader("x"), readerFunc(func([]byte) (int, error) {
		time.AfterFunc(time.Millisecond, cancel)
		return 0, io.EOF
	}))
	if _, err := s.Put(ctx, "task-1/1-a/0", content); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// S3 keeps the parts of an upload that nobody ends, for good, and wants to be paid for them.
func TestHalfAnObjectLeavesNoUpload(t *testing.T) {
	t.Parallel()
	c := cloud.S3(t)
	s := openCloud(t, c)
	brokenOff(t, s)
	endedContext(t, s)
	if left := append(c.Objects(t), c.Uploads(t)...); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// Google says 403 of what must not be done, which its driver takes for an object that is not there.
func TestWhatGoogleForbids(t *testing.T) {
	t.Parallel()
	forbids := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/o") {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"items":[{"name":"task-1/1-a/0","bucket":"results"}]}`)
			return
		}
		http.Error(w, `{"error":{"code":403,"message":"robot has no storage.objects.delete access"}}`, http.StatusForbidden)
	}))
	defer forbids.Close()
	s := openCloud(t, &cloud.Cloud{URL: "gs://results", Env: []string{"STORAGE_EMULATOR_HOST=" + forbids.Listener.Addr().String()}})
	if err := s.DeleteAll(t.Context(), "task-1/"); err == nil || errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("delete: got %v", err)
	}
	if _, err := s.Read(t.Context(), "task-1/1-a/0", 0, -1); err == nil || errors.Is(err, blob.ErrNotFound) {
		t.Errorf("read: got %v", err)
	}
	if _, err := s.Put(t.Context(), "task-1/1-a/0", strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), "robot has no") {
		t.Errorf("write: got %v", err)
	}
}
