package server

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/longhaul-mcp/longhaul/blob"
	"github.com/longhaul-mcp/longhaul/wire"
)

const (
	maxPart    = 16 << 20 // the most bytes of a resource in one answer
	softPart   = 15 << 20 // from here on an answer ends at the next end of a line
	sendBuffer = 64 << 10
)

// sendContent answers with a part of a resource while reading it: it is never held in memory.
func (s *Server) sendContent(ctx context.Context, q *request, uri string, c *content, want readRange) error {
	if q.out.mute {
		return refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "resources/read cannot be part of a batch")
	}
	p, err := c.part(want)
	if err != nil {
		return err
	}
	r, err := c.open(ctx, p.offset, p.length)
	if err != nil {
		return unreadable(err)
	}
	defer r.Close()
	in := bufio.NewReaderSize(r, sendBuffer)
	if err := p.seek(in); err != nil { // before anything is sent: it shows whether the store can be read
		return unreadable(err)
	}
	answer := wire.Read{ID: q.ID, URI: uri, MIMEType: c.mimeType, Text: p.text, Whole: c.Size, Server: q.server(s)}
	h := q.out.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	q.out.w.WriteHeader(http.StatusOK)
	out := bufio.NewWriterSize(clientWriter{q.out}, sendBuffer)
	_, _ = out.Write(answer.Opening()) // Flush returns its errors
	base, _, _ := strings.Cut(uri, "?")
	if answer.Next, err = p.copy(ctx, out, in, base); err == nil {
		_, _ = out.Write(answer.Closing())
		err = out.Flush()
	}
	if err != nil { // cut the connection, so that half an answer is not taken for a whole one
		if ctx.Err() == nil && !errors.Is(err, errGone) {
			q.log.Error("resource broke off", "uri", uri, "err", err)
		}
		panic(http.ErrAbortHandler)
	}
	return errAnswered
}

// unreadable tells an object that is gone from a store that is away.
func unreadable(err error) error {
	if errors.Is(err, blob.ErrUnavailable) {
		return unavailable(http.StatusServiceUnavailable, "the blob store cannot be read: "+tryAgain)
	}
	return err
}

// clientWriter writes to a client that may be slow, but not for ever.
type clientWriter struct{ out *stream }

func (s clientWriter) Write(b []byte) (int, error) {
	if !s.out.put(b) {
		return 0, errGone
	}
	return len(b), nil
}

// part says where a part of a resource is to be read.
type part struct {
	offset, length int64 // the bytes to read; length < 0: to the end
	skip, lines    int64 // for lines: how many to pass over there, and how many to send then
	line           int64 // the number of the first of these
	begin          int64 // where that one begins
	size           int64 // of the whole
	text           bool
	of             *content
}

func (c *content) part(want readRange) (part, error) {
	switch want.unit {
	case "bytes":
		if want.first > c.Size || want.first == c.Size && c.Size > 0 {
			return part{}, invalid("bytes: this resource has %d, counted from 0", c.Size)
		}
		return part{offset: want.first, length: min(want.last, c.Size-1) - want.first + 1, size: c.Size}, nil
	case "lines":
		switch {
		case !c.Text:
			return part{}, invalid("lines: this resource is no text; read ?bytes=0-%d", maxPart-1)
		case want.first > max(1, c.Lines):
			return part{}, invalid("lines: this resource has %d", c.Lines)
		}
		offset, skip := c.Find(want.first - 1)
		return part{offset: offset, length: -1, skip: skip, lines: min(want.last, max(1, c.Lines)) - want.first + 1, line: want.first, size: c.Size, text: true, of: c}, nil
	}
	if c.Size > maxPart {
		how := fmt.Sprintf("?bytes=0-%d", maxPart-1)
		if c.Text {
			how = fmt.Sprintf("?lines=1-%d", min(c.Lines, 1000))
		}
		return part{}, invalid("this resource has %d bytes and %d lines, more than an answer may have (%d bytes): read some of it by %s after its URI", c.Size, c.Lines, maxPart, how)
	}
	return part{length: c.Size, size: c.Size, text: c.Text}, nil
}

// copy writes the part, and returns where to go on if it does not fit into one answer.
func (p part) copy(ctx context.Context, out *bufio.Writer, in *bufio.Reader, base string) (next string, err error) {
	if p.lines > 0 {
		return p.copyLines(ctx, out, in, base)
	}
	n := min(p.length, maxPart)
	if p.text {
		err = escape(out, in, n)
	} else {
		enc := base64.NewEncoder(base64.StdEncoding, out)
		if _, err = io.CopyN(enc, in, n); err == nil {
			err = enc.Close()
		}
	}
	if n < p.length {
		next = fmt.Sprintf("%s?bytes=%d-%d", base, p.offset+n, p.offset+p.length-1)
	}
	return next, err
}

// copyLines writes whole lines. If a line is too long for one answer it writes what fits, and next goes on by bytes.
func (p part) copyLines(ctx context.Context, out *bufio.Writer, in *bufio.Reader, base string) (next string, err error) {
	e := &escaper{out: out}
	var n, done int64
	for done < p.lines {
		piece, err := in.ReadSlice('\n')
		e.write(piece)
		n += int64(len(piece))
		switch {
		case errors.Is(err, io.EOF) && done < p.lines-1:
			return "", io.ErrUnexpectedEOF
		case errors.Is(err, io.EOF): // the last line has no end
			return "", e.close()
		case err == nil:
			done++
			if n >= softPart && done < p.lines {
				return fmt.Sprintf("%s?lines=%d-%d", base, p.line+done, p.line+p.lines-1), e.close()
			}
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		case n >= maxPart-sendBuffer:
			n -= int64(len(e.half))
			e.half = nil
			end, err := p.of.endOf(ctx, p.line+p.lines-1)
			if err != nil {
				return "", err
			}
			if at := p.begin + n; at < end {
				next = fmt.Sprintf("%s?bytes=%d-%d", base, at, end-1)
			}
			return next, e.close()
		}
	}
	return "", e.close()
}

// endOf returns where a line ends, counted from 1. It reads no more than lies between two marks.
func (c *content) endOf(ctx context.Context, line int64) (int64, error) {
	if line >= c.Lines {
		return c.Size, nil
	}
	var next part
	next.offset, next.skip = c.Find(line)
	r, err := c.open(ctx, next.offset, -1)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if err := next.seek(bufio.NewReaderSize(r, sendBuffer)); err != nil {
		return 0, err
	}
	return next.begin, nil
}

// seek passes over the lines before the part, and finds out whether it can be read.
func (p *part) seek(in *bufio.Reader) error {
	p.begin = p.offset
	for p.skip > 0 {
		piece, err := in.ReadSlice('\n')
		p.begin += int64(len(piece))
		switch {
		case err == nil:
			p.skip--
		case errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
	if _, err := in.Peek(1); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
