package launch

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/longhaul-mcp/longhaul/server"
)

// config is the file that -config names: one for all processes. Each reads the parts that are its own.
type config struct {
	clients []server.Client // front ends
}

// parts are what the file may hold: more of them go here. A part that is another process's may hold anything.
func (c *config) parts(serves bool) members {
	return members{
		"clients": own(serves, func(v value) error { return v.list(c.client) }),
	}
}

// own is a part of the file that is read by this process, if it is its own.
func own(mine bool, read func(value) error) func(value) error {
	if mine {
		return read
	}
	return func(value) error { return nil }
}

// readConfig reads a configuration. An error says of each slip where it is.
func readConfig(path string, serves bool) (config, error) {
	var c config
	text, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("-config: %w", err)
	}
	file, err := parser.ParseBytes(bytes.TrimPrefix(text, []byte("\ufeff")), 0) // editors of Windows begin files so
	if e, ok := errors.AsType[yaml.Error](err); ok {
		return c, &fault{path, e.GetToken(), e.GetMessage()}
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	switch documents := bodies(path, file); len(documents) {
	case 0:
		return c, nil
	case 1:
		return c, documents[0].object(c.parts(serves))
	default:
		return c, documents[1].wrong("a second document begins here: put everything into the first")
	}
}

// bodies are the documents of a file that hold anything.
func bodies(path string, file *ast.File) (list []value) {
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.Type() != ast.CommentGroupType {
			list = append(list, value{path, "the configuration", d.Body})
		}
	}
	return list
}
