package command

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// File is something that a program left in LONGHAUL_OUT.
type File struct {
	Name     string `json:"name"` // with slashes, relative to LONGHAUL_OUT
	Size     int64  `json:"size"`
	MIMEType string `json:"mimeType"`
	Kept     bool   `json:"kept"` // the result shows it, or links to it
}

const (
	maxFiles  = 100      // that a result names
	maxText   = 64 << 10 // bytes of a file that is shown as text
	maxImage  = 1 << 20
	maxInside = 4 << 20 // of all files in one result
	sniffed   = 512
)

// harvest collects the files that a program left, and shows them in the result.
type harvest struct {
	files   []File
	more    int   // how many files are not even named
	most    int64 // how many bytes of files may be kept
	room    int64 // how many of these are left
	tooMuch int   // how many files there was no room for
	content []mcp.Content
	inside  int64
	keep    func(ctx context.Context, task tasks.ID, f File, content io.Reader) (mcp.Content, error)
	attempt *tasks.Attempt
}

// gather takes all files beneath the directory. It follows no links: a program must not make us read what it cannot read itself.
func (h *harvest) gather(ctx context.Context, s *scratch) error {
	outer, err := os.OpenRoot(s.work) // the program may have put a link in the place of its directory
	if err != nil {
		return fmt.Errorf("look at what the program left: %w", err)
	}
	defer outer.Close()
	out, err := outer.OpenRoot("out")
	if err != nil {
		return nil //nolint:nilerr // it removed the directory: it left nothing
	}
	defer out.Close()
	return fs.WalkDir(out.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.Type().IsRegular():
			return nil //nolint:nilerr // what cannot be read is not part of the result
		case len(h.files) == maxFiles:
			h.more++
			return nil
		}
		return h.take(ctx, out, name)
	})
}

func (h *harvest) take(ctx context.Context, out *os.Root, name string) error {
	f, err := out.Open(name)
	if err != nil {
		return nil //nolint:nilerr // it may not be readable: then it is not part of the result
	}
	defer f.Close()
	const odd = "\uFFFD"
	name = strings.ToValidUTF8(name, odd)
	for h.has(name) { // the names differ only in bytes that are not UTF-8
		name = odd + name
	}
	return h.show(ctx, name, f)
}

// show puts a file into the result, by whatever way there is.
func (h *harvest) show(ctx context.Context, name string, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("look at %s: %w", name, err)
	}
	begin := make([]byte, sniffed)
	n, err := f.ReadAt(begin, 0)
	if err != nil && err != io.EOF { //nolint:errorlint // ReadAt returns it as it is
		return fmt.Errorf("read %s: %w", name, err)
	}
	file := File{Name: name, Size: info.Size(), MIMEType: cmp.Or(mime.TypeByExtension(path.Ext(name)), http.DetectContentType(begin[:n]))}
	content, err := h.body(ctx, file, f)
	if err != nil {
		return err
	}
	file.Kept = len(content) > 0
	h.content = append(h.content, content...)
	h.files = append(h.files, file)
	return nil
}

// body returns what the result shows of a file: what Keep returned, if there is a Keep; otherwise the content of a small file, and a link if there
// is a blob store. If it returns nothing, the file is only named.
func (h *harvest) body(ctx context.Context, file File, f io.ReadSeeker) (list []mcp.Content, err error) {
	add := func(c mcp.Content, err error) error {
		if c != nil {
			list = append(list, c)
		}
		return err
	}
	if h.keep == nil {
		err = add(h.inline(file, f))
	}
	switch {
	case err != nil || !h.keeps():
	case file.Size <= h.room:
		h.room -= file.Size
		err = add(h.put(ctx, file, f))
	case len(list) == 0:
		h.tooMuch++
	}
	if err != nil {
		return nil, fmt.Errorf("keep %s: %w", file.Name, err)
	}
	return list, nil
}

// keeps reports whether files are kept anywhere but in the result itself.
func (h *harvest) keeps() bool { return h.keep != nil || h.attempt.CanKeep() }

func (h *harvest) put(ctx context.Context, file File, f io.ReadSeeker) (mcp.Content, error) {
	if h.keep != nil {
		return h.keep(ctx, h.attempt.TaskID(), file, f)
	}
	return h.link(ctx, file, f)
}

func (h *harvest) link(ctx context.Context, file File, f io.ReadSeeker) (mcp.Content, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	link, err := h.attempt.Artifact(ctx, artifactName(file.Name), file.MIMEType, f)
	if err != nil {
		return nil, err
	}
	return link, nil
}

// artifactName is a file's name as far as an artifact's can be the same: programs may name their files as they like. One that has to be
// another tells the files apart all the same.
func artifactName(file string) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\\' {
			return '_'
		}
		return r
	}, file)
	const most = 128
	if name == file && len(name) <= most {
		return name
	}
	if cut := len(name) - 100; cut > 0 {
		name = "…" + strings.ToValidUTF8(name[cut:], "") // so that what is left of a directory's name is none with a meaning, such as ..
	}
	sum := sha256.Sum256([]byte(file))
	return "renamed-" + hex.EncodeToString(sum[:8]) + "/" + name
}

// inline returns the content of a file that the result itself can show, or nil.
func (h *harvest) inline(file File, f io.Reader) (mcp.Content, error) {
	image := isImage(file.MIMEType)
	limit := int64(maxText)
	if image {
		limit = maxImage
	}
	if file.Size > limit || h.inside+file.Size > maxInside {
		return nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file.Name, err)
	}
	switch {
	case image:
		h.inside += int64(len(data))
		return &mcp.ImageContent{Data: data, MIMEType: file.MIMEType}, nil
	case utf8.Valid(data) && !bytes.ContainsRune(data, 0):
		h.inside += int64(len(data))
		return &mcp.TextContent{Text: file.Name + ":\n" + string(data)}, nil
	}
	return nil, nil
}

// isImage knows the images that clients show.
func isImage(mimeType string) bool {
	switch mimeType {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}

// has reports whether the program left a file of that name.
func (h *harvest) has(name string) bool {
	return slices.ContainsFunc(h.files, func(f File) bool { return f.Name == name })
}

// lost returns how many files a reader of the result cannot get.
func (h *harvest) lost() int {
	n := h.more
	for _, f := range h.files {
		if !f.Kept {
			n++
		}
	}
	return n
}

// list names the files for people and models; empty if there are none.
func (h *harvest) list() string {
	if len(h.files) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("Files that the program left:")
	for _, f := range h.files {
		fmt.Fprintf(&b, "\n- %s (%s, %d bytes)", f.Name, f.MIMEType, f.Size)
		if !f.Kept {
			b.WriteString(": not kept")
		}
	}
	if h.more > 0 {
		fmt.Fprintf(&b, "\nand %d more that are not kept", h.more)
	}
	if h.tooMuch > 0 {
		fmt.Fprintf(&b, "\nTogether they have more than is kept of a call: %d bytes.", h.most)
	}
	return b.String()
}
