package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Object is what is known of an object once it was written.
type Object struct {
	Key string `json:"key"`
	Form
}

// What may become of an object.
var (
	// ErrNotFound: there is no such object (any more).
	ErrNotFound = errors.New("no such object")
	// ErrUnavailable: the store does not answer, or not as it should; trying again may help.
	ErrUnavailable = errors.New("the blob store cannot be used now")
	// ErrTooLarge: an object has 64 GiB at most.
	ErrTooLarge = fmt.Errorf("it has more than %d bytes", maxObject)
)

const maxObject = 64 << 30

// Put writes an object in bounded memory. It is there when Put returns without an error, and not at all otherwise. An error of content is
// returned as it is.
func (s *Store) Put(ctx context.Context, key string, content io.Reader) (Object, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return Object{}, s.explain("write", err)
	}
	src := &source{reader: content}
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, src, make([]byte, 256<<10))
	if err != nil {
		cancel() // or Close would make an object of what there is
		_ = w.Close()
		if src.err != nil {
			return Object{}, src.err
		}
		return Object{}, s.explain("write", err)
	}
	if err := w.Close(); err != nil {
		return Object{}, s.explain("write", err)
	}
	return Object{Key: key, Form: src.form.Form()}, nil
}

// source is content on its way into an object.
type source struct {
	reader io.Reader
	form   Former
	err    error // of the reader
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.reader.Read(p)
	_, _ = s.form.Write(p[:n]) // it cannot fail
	if s.form.form.Size > maxObject {
		err = ErrTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// Read reads length bytes of an object from offset on, or all that follow if length is negative.
func (s *Store) Read(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	r, err := s.bucket.NewRangeReader(ctx, key, offset, length, nil)
	if err != nil {
		return nil, s.explain("read", err)
	}
	return r, nil
}

// DeleteAll deletes all objects whose keys begin so. A prefix ends with a slash.
func (s *Store) DeleteAll(ctx context.Context, prefix string) error {
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
		if err := s.bucket.Delete(ctx, o.Key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return s.explain("delete", err)
		}
	}
}

// removeDirectory leaves no empty directories behind, nor halves of files whose writer was killed.
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

// explain says what could not be done where, and whether it may be possible later.
func (s *Store) explain(doing string, err error) error {
	switch gcerrors.Code(err) {
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
