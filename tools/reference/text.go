package reference

import (
	"errors"
	"fmt"
	"strings"
)

// Text is a text with references.
type Text struct {
	base  string
	parts []part
}

type part struct{ literal, reference string }

// Parse reads a text; base is where relative paths in it begin. The error says what is wrong with how it is written.
func Parse(text, base string) (Text, error) {
	t := Text{base: base}
	err := Scan(text, func(s string) {
		t.parts = append(t.parts, part{literal: s})
	}, func(inside string) error {
		t.parts = append(t.parts, part{reference: inside})
		if !Is(inside) {
			return fmt.Errorf("${%s}: use ${env:NAME} or ${file:PATH}, and $${ for a literal ${", inside)
		}
		return nil
	})
	return t, err
}

// Refers reports whether there is anything to look up.
func (t Text) Refers() bool {
	for _, p := range t.parts {
		if p.reference != "" {
			return true
		}
	}
	return false
}

// Value is the text with what its references stand for now.
func (t Text) Value() (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.reference == "" {
			b.WriteString(p.literal)
			continue
		}
		found, err := Lookup(p.reference, t.base)
		if err != nil {
			return "", err
		}
		b.WriteString(found)
	}
	return b.String(), nil
}

// Scan takes a text apart: literal gets what stands for itself, found what is between ${ and }. $${ is a literal ${.
func Scan(text string, literal func(string), found func(inside string) error) error {
	say := func(s string) {
		if s != "" {
			literal(s)
		}
	}
	for rest := text; rest != ""; {
		before, after, open := strings.Cut(rest, "${")
		if open && strings.HasSuffix(before, "$") {
			say(before[:len(before)-1] + "${")
			rest = after
			continue
		}
		say(before)
		if !open {
			break
		}
		inside, after, closed := strings.Cut(after, "}")
		if !closed {
			return errors.New("a ${ without }; write $${ for a literal one")
		}
		if err := found(inside); err != nil {
			return err
		}
		rest = after
	}
	return nil
}
