package blob

import "io"

// MaxObject bounds an object.
const MaxObject = maxObject

// After is content on its way into an object that has got so many bytes before.
func After(before int64, content io.Reader) io.Reader {
	s := &source{reader: content}
	s.form.form.Size = before
	return s
}
