package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
)

// Check writes, reads and deletes an object: a wrong bucket or a missing right should show at the start, not hours later.
func (s *Store) Check(ctx context.Context) error {
	prefix := "probe-" + rand.Text() + "/"
	want := []byte("longhaul")
	o, err := s.Put(ctx, prefix+"0", bytes.NewReader(want))
	if err != nil {
		return fmt.Errorf("write an object: %w", err)
	}
	r, err := s.Read(ctx, o.Key, 0, -1)
	if err != nil {
		return fmt.Errorf("read an object: %w", err)
	}
	defer r.Close()
	got, err := io.ReadAll(io.LimitReader(r, 1<<10))
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("it is not what was written")
	}
	if err != nil {
		return fmt.Errorf("read an object: %w", plainly(err))
	}
	if err := s.DeleteAll(ctx, prefix); err != nil {
		return fmt.Errorf("delete an object: %w", err)
	}
	return nil
}
