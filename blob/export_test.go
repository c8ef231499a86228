package blob

import (
	"context"
	"io"
	"time"
)

// MaxObject bounds an object.
const MaxObject = maxObject

// After is content on its way into an object that has got so many bytes before.
func After(before int64, content io.Reader) io.Reader {
	ctx, p := newPatience(context.Background(), time.Hour)
	s := &source{ctx: ctx, reader: content, patience: p, failed: p.over}
	s.form.form.Size = before
	return s
}

// Hurry has the store give up what takes longer than d.
func (s *Store) Hurry(d time.Duration) { s.readPatience, s.writePatience = d, d }

// Plainly is an error as people are told it.
var Plainly = plainly
