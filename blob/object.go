package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
	"google.golang.org/api/googleapi"
)

// Object is what is known about an object that was written.
type Object struct {
	Key string `json:"key"`
	Form
}

// Errors that callers ask for, with errors.Is.
var (
	// ErrNotFound: there is no such object (any more).
	ErrNotFound = errors.New("no such object")
	// ErrUnavailable: the store does not answer, or not as it should; trying again may help.
	ErrUnavailable = errors.New("the blob store cannot be used now")
	// ErrTooLarge: an object may have 64 GiB at most.
	ErrTooLarge = fmt.Errorf("it has more than %d bytes", maxObject)
)

const maxObject = 64 << 30

// Put writes an object in bounded memory. If Put returns an error there is no object, not even a part of one. An error of content is returned as
// it is.
func (s *Store) Put(ctx context.Context, key string, content io.Reader) (Object, error) {
	if err := s.present(); err != nil {
		return Object{}, s.explain("write", err)
	}
	// Not ctx: when ctx ends, the driver gets an error from the content, so that it can clean up what it has sent.
	writing, p := newPatience(context.WithoutCancel(ctx), s.writePatience)
	defer p.over()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(parting, p.over) })()
	src := &source{ctx: ctx, reader: content, patience: p, failed: p.over}
	if s.tidy {
		src.failed = func() {}
	}
	err := s.bucket.Upload(writing, key, src, &blob.WriterOptions{ContentType: "application/octet-stream"})
	switch {
	case src.err != nil:
		return Object{}, src.err
	case err != nil && ctx.Err() != nil:
		return Object{}, context.Cause(ctx)
	case err != nil:
		return Object{}, s.explain("write", because(writing, err))
	}
	return Object{Key: key, Form: src.form.Form()}, nil
}

// source is content on its way into an object.
type source struct {
	ctx      context.Context
	reader   io.Reader
	form     Former
	patience *patience // with the store
	err      error     // of the reader or of ctx
	failed   func()    // called then, so that what was sent does not become an object
}

func (s *source) Read(p []byte) (n int, err error) {
	s.patience.ours()
	defer s.patience.theirs()
	if err = context.Cause(s.ctx); err == nil {
		n, err = s.reader.Read(p)
	}
	_, _ = s.form.Write(p[:n]) // it cannot fail
	if s.form.form.Size > maxObject {
		err = ErrTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
		s.failed()
	}
	return n, err
}

// Read reads length bytes of an object from offset on, or all that follow if length is negative.
func (s *Store) Read(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := s.present(); err != nil {
		return nil, s.explain("read", err)
	}
	ctx, p := newPatience(ctx, s.readPatience)
	r, err := s.bucket.NewRangeReader(ctx, key, offset, length, nil)
	if err != nil && s.endsBefore(ctx, key, offset, length) {
		p.over()
		return io.NopCloser(strings.NewReader("")), nil
	}
	if err != nil {
		defer p.over()
		return nil, s.explain("read", because(ctx, err))
	}
	p.ours()
	return &reader{in: r, ctx: ctx, patience: p}, nil
}

// endsBefore reports that the object exists but ends before what is to be read. Clouds make that an error.
func (s *Store) endsBefore(ctx context.Context, key string, offset, length int64) bool {
	a, err := s.bucket.Attributes(ctx, key)
	return err == nil && (length == 0 || offset >= a.Size)
}

// reader reads an object.
type reader struct {
	in       io.ReadCloser
	ctx      context.Context
	patience *patience
}

func (r *reader) Read(p []byte) (int, error) {
	r.patience.theirs()
	defer r.patience.ours()
	n, err := r.in.Read(p)
	return n, because(r.ctx, err)
}

func (r *reader) Close() error {
	r.patience.over()
	return r.in.Close()
}

// because adds to an error why its context has ended, if it has: SDKs say only that it has.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// DeleteAll deletes all objects whose keys begin with prefix, which ends with a slash.
func (s *Store) DeleteAll(ctx context.Context, prefix string) error {
	if err := s.present(); err != nil {
		return s.explain("delete", err)
	}
	if s.dir != "" {
		return s.removeDirectory(prefix)
	}
	list := s.bucket.List(&blob.ListOptions{Prefix: prefix})
	for {
		o, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return s.explain("list", err)
		}
		if err := s.bucket.Delete(ctx, o.Key); err != nil && code(err) != gcerrors.NotFound {
			return s.explain("delete", err)
		}
	}
}

// removeDirectory removes the objects of a prefix, with their directory and with halves of files whose writer was killed.
func (s *Store) removeDirectory(prefix string) error {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return s.explain("delete", err)
	}
	defer root.Close()
	if err := root.RemoveAll(strings.TrimSuffix(prefix, "/")); err != nil {
		return s.explain("delete", err)
	}
	return nil
}

// explain says what could not be done in which store, and whether it may be possible later (ErrUnavailable).
func (s *Store) explain(doing string, err error) error {
	switch code(err) {
	case gcerrors.NotFound:
		if doing == "read" {
			return fmt.Errorf("%s %s: %w", doing, s.name, ErrNotFound)
		}
		return fmt.Errorf("%s %s: %w", doing, s.name, plainly(err))
	case gcerrors.InvalidArgument, gcerrors.PermissionDenied, gcerrors.Unimplemented, gcerrors.FailedPrecondition:
		return fmt.Errorf("%s %s: %w", doing, s.name, plainly(err))
	}
	return fmt.Errorf("%s %s: %w: %w", doing, s.name, ErrUnavailable, plainly(err))
}

// code returns the kind of an error. Google's driver calls forbidden things missing.
func code(err error) gcerrors.ErrorCode {
	if e, ok := errors.AsType[*googleapi.Error](err); ok && e.Code == http.StatusForbidden {
		return gcerrors.PermissionDenied
	}
	return gcerrors.Code(err)
}
