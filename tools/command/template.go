package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/reference"
)

// template is one element of an argument list, or one variable's value, with placeholders.
type template struct {
	source  string
	parts   []part
	guarded bool // a value at its beginning must not look like a flag
}

// part is literal text, or a placeholder.
type part struct {
	kind kind
	text string // of a literal; of others the name
	each bool   // one argument for each item of the list
}

type kind string

const (
	literal     kind = ""
	argument    kind = "arg"
	flag        kind = "flag" // an argument that may begin with -
	condition   kind = "if"
	directories kind = "dir"
	referred    kind = "reference" // to a variable of this process, or a file
)

// The directories that a template may name.
const (
	outDir  = "out"
	baseDir = "base"
)

// syntax says which placeholders a template may have.
type syntax struct {
	known  map[string]bool // names of arguments; nil: any
	refers bool            // also references: not in arguments, which everyone on the machine sees
}

// parseTemplate reads a template.
func parseTemplate(s string, syn syntax) (template, error) {
	t := template{source: s}
	if strings.ContainsRune(s, 0) {
		return t, fmt.Errorf("%q: a NUL cannot be passed", s)
	}
	err := reference.Scan(s, func(text string) {
		t.parts = append(t.parts, part{text: text})
	}, func(inside string) error {
		p, err := syn.part(inside)
		if err == nil && p.each && t.spreads() {
			err = errors.New("only one list can spread")
		}
		t.parts = append(t.parts, p)
		return err
	})
	if err != nil {
		return t, fmt.Errorf("%q: %w", s, err)
	}
	return t, nil
}

func (s syntax) part(inside string) (part, error) {
	if inside == outDir || inside == baseDir {
		return part{kind: directories, text: inside}, nil
	}
	if reference.Is(inside) {
		if !s.refers {
			return part{}, fmt.Errorf("${%s}: whoever lists the processes of the machine sees arguments: give it to the program as a variable, in env", inside)
		}
		return part{kind: referred, text: inside}, nil
	}
	word, name, _ := strings.Cut(inside, ":")
	p := part{kind: kind(word)}
	p.text, p.each = strings.CutSuffix(name, "...")
	switch {
	case p.kind != argument && p.kind != flag && p.kind != condition || p.text == "":
		return p, fmt.Errorf("${%s}: use ${arg:NAME}, ${flag:NAME}, ${if:NAME}, ${out}%s or ${base}, and $${ for a literal ${", inside, s.more())
	case p.kind == condition && p.each:
		return p, fmt.Errorf("${%s}: a condition does not spread", inside)
	case s.known != nil && !s.known[p.text]:
		return p, fmt.Errorf("${%s}: the input schema has no property %q", inside, p.text)
	}
	return p, nil
}

func (s syntax) more() string {
	if s.refers {
		return ", ${env:NAME}, ${file:PATH}"
	}
	return ""
}

// spreads: it stands for as many arguments as a list has items.
func (t template) spreads() bool {
	for _, p := range t.parts {
		if p.each {
			return true
		}
	}
	return false
}

// values are what placeholders stand for.
type values struct {
	args map[string]json.RawMessage
	dirs map[string]string
}

// expand fills the placeholders in. It is empty if an argument that the template needs was not given.
func (t template) expand(v values) ([]string, error) {
	for _, p := range t.parts {
		if p.each {
			return t.spread(v, p.text)
		}
	}
	s, ok, err := t.fill(v, nil)
	if err != nil || !ok {
		return nil, err
	}
	return []string{s}, nil
}

// spread makes one string for each item of the list under a name.
func (t template) spread(v values, name string) ([]string, error) {
	raw, ok := v.args[name]
	if !ok || isNull(raw) {
		return nil, nil
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		items = []json.RawMessage{raw} // a single value is a list of one
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		s, ok, err := t.fill(v, item)
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, s)
		}
	}
	return list, nil
}

// fill makes one string; item is what a part that spreads stands for.
func (t template) fill(v values, item json.RawMessage) (s string, ok bool, err error) {
	var b strings.Builder
	for _, p := range t.parts {
		text, ok, err := p.value(v, item)
		if err != nil || !ok {
			return "", false, err
		}
		if t.guarded && p.kind == argument && b.Len() == 0 && strings.HasPrefix(text, "-") {
			return "", false, tasks.Permanent(p.likeAnOption(text))
		}
		b.WriteString(text)
	}
	return b.String(), true, nil
}

// likeAnOption is why a value is not passed, for the caller and for who wrote the template.
func (p part) likeAnOption(text string) error {
	name := p.text
	if p.each {
		name += "..."
	}
	return fmt.Errorf("argument %q is %.40q: a value that begins with -, also a negative number, could be taken for an option; if it should be passed, the tool's command needs the element -- before it, or ${flag:%s}", p.text, text, name)
}

func (p part) value(v values, item json.RawMessage) (text string, ok bool, err error) {
	switch p.kind {
	case literal:
		return p.text, true, nil
	case directories:
		return v.dirs[p.text], true, nil
	case referred:
		text, err = reference.Lookup(p.text, v.dirs[baseDir])
		return text, true, err
	}
	raw := v.args[p.text]
	if p.each {
		raw = item
	}
	if isNull(raw) {
		return "", false, nil
	}
	if p.kind == condition {
		return "", !bytes.Equal(bytes.TrimSpace(raw), []byte("false")), nil
	}
	text, err = plain(raw)
	if err == nil && strings.ContainsRune(text, 0) {
		err = tasks.Permanent(fmt.Errorf("argument %q contains a NUL, which cannot be passed to a program", p.text))
	}
	return text, true, err
}

func isNull(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || bytes.Equal(raw, []byte("null"))
}

// plain is a string as it is, and any other value as JSON: numbers keep all their digits.
func plain(raw json.RawMessage) (string, error) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return "", tasks.Permanent(fmt.Errorf("arguments: %w", err))
	}
	return b.String(), nil
}
