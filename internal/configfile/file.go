package configfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tools/command"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// File is the content of a file.
type File struct {
	Clients []server.Client   // front ends
	Tools   []command.Command // processes that run tools
	Servers []upstream.Server // these too
	// Blank says that the file is empty: there is not even {} in it.
	Blank bool
	// Warnings tell what may be wrong, each with its place as in an error: programs that are not on this machine, for example.
	Warnings []string
}

// Options say what the file is read for.
type Options struct {
	// Serves and Works say that the process is a front end, and that it runs tools. It does not look at parts that are for other processes.
	Serves, Works bool
	// Check has the parts for other processes read too. What they refer to may be missing on this machine.
	Check bool
	// Taken are the names of the tools that the process has without the file.
	Taken []string
}

// file is the kind of the whole file.
var file = object(
	part("clients", "How long calls stay open, by client (front ends).", listOf(client), serves, func(f *File) *[]server.Client { return &f.Clients }),
	part("tools", "Programs that serve as tools (workers).", listOf(tool), works, func(f *File) *[]command.Command { return &f.Tools }),
	part("servers", "MCP servers whose tools become durable (workers).", listOf(mcpServer), works, func(f *File) *[]upstream.Server { return &f.Servers }),
).checked(distinct)

func serves(o Options) bool { return o.Serves }
func works(o Options) bool  { return o.Works }

// part is a key of the file that only the processes which use it read.
func part[F any](name, about string, k kind[F], mine func(Options) bool, field func(*File) *F) key[File] {
	all := at(name, about, k, field)
	read := all.read
	all.read = func(v value, f *File) error {
		if mine(v.Options) || v.Check {
			return read(v, f)
		}
		return nil
	}
	return all
}

const maxFile = 1 << 20

// Read reads a file. The error says where each mistake is.
func Read(path string, o Options) (*File, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	base, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	file, err := parse(text, &source{Options: o, path: path, base: base, trials: new(int)})
	if err == nil && o.Works && len(o.Taken)+len(file.Tools)+len(file.Servers) == 0 {
		file.Warnings = append(file.Warnings, path+": warning: it names no tools and no servers, and this process has no tools of its own: there is nothing to call until it does")
	}
	return file, err
}

// Open opens a regular file: opening a pipe might wait for ever, and it could not be read a second time.
func Open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file, which can be read again when it changes", path)
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

func parse(text []byte, s *source) (*File, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s is too large: the limit is %d bytes", s.path, maxFile)
	}
	tokens := lexer.Tokenize(string(bytes.TrimPrefix(text, []byte("\ufeff")))) // the byte order mark that some editors write
	if t := tooDeep(tokens); t != nil {
		return nil, &fault{s.path, t, fmt.Sprintf("lists and objects are nested more than %d deep", maxDepth)}
	}
	tree, err := parser.Parse(tokens, 0)
	if e, ok := errors.AsType[yaml.Error](err); ok {
		return nil, &fault{s.path, e.GetToken(), e.GetMessage() + hint(e.GetMessage())}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	switch documents := documents(s, tree); len(documents) {
	case 0:
		return &File{Blank: true}, nil
	case 1:
		f, err := file.read(documents[0])
		for _, w := range s.warnings {
			f.Warnings = append(f.Warnings, w.Error())
		}
		return &f, inOrder(err)
	default:
		return nil, documents[1].wrong("a second document begins here: put everything into the first")
	}
}

// hint completes a complaint of the YAML parser that says too little.
func hint(complaint string) string {
	for _, vague := range []string{"not allowed in this context", "non-map value", "unexpected key name", "invalid key"} {
		if strings.Contains(complaint, vague) {
			return ": is the line indented like its neighbours, and each text quoted that has a colon and a space in it or begins with one of * & ! @ %?"
		}
	}
	return ""
}

// documents returns the YAML documents of a file that are not empty.
func documents(s *source, tree *ast.File) (list []value) {
	for _, d := range tree.Docs {
		if d.Body != nil {
			list = append(list, value{s, "the configuration", d.Body})
		}
	}
	return list
}

// inOrder sorts faults by their places, and drops those that were found twice.
func inOrder(err error) error {
	list := faults(err)
	slices.SortStableFunc(list, func(a, b error) int {
		x, okX := errors.AsType[*fault](a)
		y, okY := errors.AsType[*fault](b)
		if !okX || !okY {
			return 0
		}
		return cmp.Or(cmp.Compare(x.at.Position.Line, y.at.Position.Line), cmp.Compare(x.at.Position.Column, y.at.Position.Column))
	})
	return errors.Join(slices.CompactFunc(list, func(a, b error) bool { return a.Error() == b.Error() })...)
}
