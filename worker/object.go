package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// objects are what an attempt has put into the blob store.
type objects struct {
	mu    sync.Mutex
	noted bool // Redis knows that the task has objects
	count int  // so far, also such as were never finished
}

// Keeps reports whether there is a blob store.
func (a *attempt) Keeps() bool { return a.w.opts.Blobs != nil }

// Keep stores an artifact.
func (a *attempt) Keep(ctx context.Context, name, mimeType string, content io.Reader) (int64, error) {
	return a.store(ctx, store.ArtifactPrefix+name, mimeType, content)
}

// store makes an object of content: first Redis learns that the task has objects, so that none is left behind when it is forgotten; then
// the object is written, under a key of this attempt's own; and only then is it known by its name, if the attempt is the task's still.
func (a *attempt) store(ctx context.Context, name, mimeType string, content io.Reader) (int64, error) {
	key, err := a.reserve(ctx)
	if err != nil {
		return 0, err
	}
	o, err := a.put(ctx, key, content)
	if err == nil {
		err = a.know(ctx, name, mimeType, o)
	}
	if err != nil {
		a.discard(ctx)
		return 0, err
	}
	return o.Size, nil
}

// know has the task know an object by its name.
func (a *attempt) know(ctx context.Context, name, mimeType string, o blob.Object) error {
	form, err := json.Marshal(o.Form)
	if err != nil {
		return err
	}
	known, err := json.Marshal(store.Blob{Key: o.Key, MIMEType: mimeType, Form: form})
	if err != nil {
		return err
	}
	return a.Remember(ctx, store.BlobName(name), known)
}

const discardTime = 5 * time.Second

// discard deletes what was written when the task was forgotten already: nobody else will.
func (a *attempt) discard(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTime) // the attempt has usually ended
	defer cancel()
	if _, err := a.w.opts.Store.Get(ctx, a.Task); !errors.Is(err, tasks.ErrNotFound) {
		return
	}
	if err := a.w.opts.Blobs.DeleteAll(ctx, store.BlobKeys(a.Task)); err != nil {
		a.log.Warn("an object stays whose task is forgotten", "err", err)
	}
}

// reserve returns a key for another object.
func (a *attempt) reserve(ctx context.Context) (string, error) {
	a.objects.mu.Lock()
	defer a.objects.mu.Unlock()
	if !a.objects.noted {
		err := insist(ctx, a.log, "note that the task has objects", func(ctx context.Context) error {
			p, err := a.w.opts.Store.Shelve(ctx, a.Lease)
			_ = a.pulse(p, err) // the error is for insist to judge
			if p.Ended {
				return store.ErrEnded
			}
			return err
		})
		if err != nil {
			return "", err
		}
		a.objects.noted = true
	}
	a.objects.count++
	return a.BlobKey(a.objects.count), nil
}

// put writes an object, through outages of the blob store if content can be read again.
func (a *attempt) put(ctx context.Context, key string, content io.Reader) (o blob.Object, err error) {
	rewind, ok := content.(io.Seeker)
	if !ok {
		return a.w.opts.Blobs.Put(ctx, key, content)
	}
	begin, err := rewind.Seek(0, io.SeekCurrent)
	if err != nil { // a pipe has a Seek too, which fails
		return a.w.opts.Blobs.Put(ctx, key, content)
	}
	err = insist(ctx, a.log, "write to the blob store", func(ctx context.Context) error {
		if _, err := rewind.Seek(begin, io.SeekStart); err != nil {
			return fmt.Errorf("read it again: %w", err)
		}
		o, err = a.w.opts.Blobs.Put(ctx, key, content)
		return err
	})
	return o, err
}

// lasting returns a context for writes that go on when the tool's context has ended, unless they are in vain: the task was cancelled or lost.
func (a *attempt) lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithCancelCause(a.w.writing)
	stop := context.AfterFunc(ctx, func() {
		if cause := context.Cause(ctx); errors.Is(cause, tasks.ErrCancelled) || errors.Is(cause, tasks.ErrLost) {
			cancel(cause)
		}
	})
	return lasting, func() { stop(); cancel(nil) }
}
