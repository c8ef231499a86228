package cli

import (
	"encoding/json"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/longhaul-mcp/longhaul/internal/spelling"
)

// given is what the command line says about one argument.
type given struct {
	name  string
	texts []string
	raw   json.RawMessage // of name:=JSON
}

// readArguments makes an object of words such as path=a.log, limit=3, tags=a,b, filter:={"x":1} and text=@file.
func readArguments(raw json.RawMessage, words []string) (map[string]any, error) {
	s, err := readSchema(raw)
	if err != nil {
		return nil, err
	}
	list, err := collect(words)
	if err != nil {
		return nil, err
	}
	args := make(map[string]any, len(list))
	for _, g := range list {
		p, known := s.property(g.name)
		if !known && !s.Open && g.raw == nil {
			return nil, usage("no argument %s%s", g.name, spelling.Suggestion(g.name, s.names()))
		}
		if args[g.name], err = g.value(p); err != nil {
			return nil, &usageError{err}
		}
	}
	for _, name := range s.Required {
		if _, ok := args[name]; !ok {
			p, _ := s.property(name)
			return nil, usage("missing argument %s", p)
		}
	}
	return args, nil
}

// collect puts together what is said about each argument.
func collect(words []string) (list []*given, err error) {
	byName := make(map[string]*given)
	for _, word := range words {
		name, text, ok := strings.Cut(word, "=")
		isJSON := strings.HasSuffix(name, ":")
		name = strings.TrimSuffix(name, ":")
		if !ok || name == "" {
			return nil, usage("%q is no argument: write name=value", word)
		}
		if text, err = content(text); err != nil {
			return nil, err
		}
		if !utf8.ValidString(text) {
			return nil, usage("%s is no text in UTF-8, which is all that an argument can be: encode it, such as by base64, if the tool takes that", name)
		}
		g := byName[name]
		if g == nil {
			g = &given{name: name}
			byName[name], list = g, append(list, g)
		}
		if !isJSON {
			g.texts = append(g.texts, text)
			continue
		}
		if !json.Valid([]byte(text)) {
			return nil, usage("%s: what follows := is not JSON", name)
		}
		g.raw = json.RawMessage(text)
	}
	return list, nil
}

// content is the text, or that of the file that it names: @file. A text that begins with @ is written @@.
func content(text string) (string, error) {
	file, ok := strings.CutPrefix(text, "@")
	if !ok || strings.HasPrefix(file, "@") {
		return file, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", &usageError{err}
	}
	return string(b), nil
}

func (g *given) value(p property) (any, error) {
	switch {
	case g.raw != nil && len(g.texts) == 0:
		return g.raw, nil
	case g.raw != nil || len(g.texts) > 1 && p.kind() != "array":
		return nil, usage("%s is given more than once", g.name)
	case p.kind() == "array":
		return p.array(g.texts)
	}
	return p.value(g.texts[0])
}
