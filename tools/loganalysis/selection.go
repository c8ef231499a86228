package loganalysis

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
)

const maxFiles = 10_000

// selection is the files that one call reads, all beneath one root.
type selection struct {
	root  *os.Root
	files []source
}

func (s *selection) close() {
	if s.root != nil {
		s.root.Close() // opened for reading only: nothing can be lost
	}
}

// openSelection finds what a path means in the first root where it means anything.
func openSelection(ctx context.Context, roots []string, name string) (*selection, error) {
	switch {
	case len(roots) == 0:
		return nil, permanentf("no directory is readable: the operator has to give this tool its roots")
	case strings.TrimSpace(name) == "":
		return nil, permanentf("path is empty: name a file, a directory or a glob; %s", readable(roots))
	}
	for _, dir := range roots {
		sel, err := selectIn(ctx, dir, name)
		if err != nil {
			return nil, err
		}
		if sel != nil {
			return sel, nil
		}
	}
	// One answer for what does not exist, what lies outside and what is no file: it must not tell them apart.
	return nil, permanentf("no file matches %q; %s", name, readable(roots))
}

func readable(roots []string) string {
	return "use a path inside the readable roots, which are: " + strings.Join(roots, ", ")
}

// selectIn is nil without an error if the path matches nothing in this root.
func selectIn(ctx context.Context, dir, name string) (*selection, error) {
	rel, ok := within(dir, name)
	if !ok {
		return nil, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil // a root that is missing here matches nothing
	}
	c := collector{ctx: ctx, root: root, tree: tree{ctx, root}}
	if err := c.collect(rel); err != nil || len(c.files) == 0 {
		root.Close()
		return nil, err
	}
	return &selection{root: root, files: c.unique()}, nil
}

// within makes a path relative to the root, by its text alone. What links lead to is os.Root's business.
func within(dir, name string) (string, bool) {
	if !filepath.IsAbs(name) {
		rel := filepath.Clean(name)
		return filepath.ToSlash(rel), filepath.IsLocal(rel)
	}
	dirs := []string{dir}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dirs = append(dirs, real) // callers may know a linked root by either name
	}
	for _, d := range dirs {
		if rel, err := filepath.Rel(d, filepath.Clean(name)); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel), true
		}
	}
	return "", false
}

// collector gathers the regular files that a path stands for.
type collector struct {
	ctx   context.Context
	root  *os.Root
	tree  tree
	files []source
}

func (c *collector) collect(rel string) error {
	if _, err := c.root.Stat(rel); err == nil {
		return c.add(rel) // also a file whose name looks like a glob
	}
	matches, err := fs.Glob(c.tree, rel)
	if errors.Is(err, path.ErrBadPattern) {
		return permanentf("glob %q is malformed: check its brackets", rel)
	}
	for _, m := range matches {
		if err := c.add(m); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) add(name string) error {
	info, err := c.root.Stat(name)
	switch {
	case err != nil:
		return nil // a link that leads out or nowhere: as if it were not there
	case info.IsDir():
		return fs.WalkDir(c.tree, name, c.visit)
	}
	return c.keep(name, info)
}

func (c *collector) visit(name string, d fs.DirEntry, err error) error {
	switch {
	case c.ctx.Err() != nil:
		return context.Cause(c.ctx)
	case err != nil:
		return fs.SkipDir // a directory that may not be read hides its files, not those beside it
	case d.IsDir():
		return nil
	}
	info, err := c.root.Stat(name)
	if err != nil || info.IsDir() { // linked directories are not walked: they may form a cycle
		return nil
	}
	return c.keep(name, info)
}

func (c *collector) keep(name string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return nil
	}
	if len(c.files) >= maxFiles {
		return permanentf("more than %d files match: narrow the path", maxFiles)
	}
	l, err := c.root.Lstat(name)
	linked := err == nil && l.Mode()&fs.ModeSymlink != 0
	c.files = append(c.files, source{root: c.root, name: name, info: info, linked: linked})
	return nil
}

// unique is the files by name, each once: a link such as current.log must not count its file twice.
func (c *collector) unique() []source {
	byName := func(a, b source) int { return strings.Compare(a.name, b.name) }
	slices.SortFunc(c.files, byName)
	var files []source
	for _, links := range []bool{false, true} { // a file's own name goes before a link's
		for _, f := range c.files {
			if f.linked == links && !slices.ContainsFunc(files, f.same) {
				files = append(files, f)
			}
		}
	}
	slices.SortFunc(files, byName)
	return files
}

func permanentf(format string, args ...any) error {
	return tasks.Permanent(fmt.Errorf(format, args...))
}
