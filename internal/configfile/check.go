package configfile

import (
	"errors"
	"maps"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// checked is a kind whose parts have to go together. A complaint of check is reported at the part without which check would not make it.
func (k kind[T]) checked(check func(value, T) error) kind[T] {
	return kind[T]{shape: k.shape, read: func(v value) (T, error) {
		t, err := k.read(v)
		if v.without != nil {
			return t, err // this is a trial of a search that checks itself
		}
		errs := []error{err}
		complaints := counted(check(v, t))
		for _, complaint := range slices.Sorted(maps.Keys(complaints)) {
			culprit := v.culprit(func(v value) bool {
				t, _ := k.read(v) // its own mistakes are reported already
				return counted(check(v, t))[complaint] < complaints[complaint]
			})
			if _, scalar := culprit.node.(ast.ScalarNode); scalar || err == nil { // otherwise it may be a consequence of what could not be read
				errs = append(errs, culprit.wrong("%s", complaint))
			}
		}
		return t, errors.Join(errs...)
	}}
}

// counted returns the complaints in an error, each with how often it is made.
func counted(err error) map[string]int {
	n := make(map[string]int)
	for _, e := range faults(err) {
		n[e.Error()]++
	}
	return n
}

// maxTrials bounds how often parts of one file are read again in search of culprits.
const maxTrials = 500

// culprit returns the last part of v without which v would be fine, down to a single text or number if possible; otherwise v itself.
func (v value) culprit(fine func(value) bool) value {
	return v.search(func(part value) bool {
		*v.trials++
		if *v.trials > maxTrials {
			return false
		}
		s := *v.source
		s.without = part.node
		return fine(value{&s, v.name, v.node})
	})
}

func (v value) search(blamed func(value) bool) value {
	found := v
	for _, part := range slices.Backward(v.parts()) {
		if !blamed(part) {
			continue
		}
		found = part.search(blamed)
		if _, scalar := found.node.(ast.ScalarNode); scalar {
			return found
		}
	}
	return found
}

// parts returns the values of an object, or the entries of a list.
func (v value) parts() (list []value) {
	if members, ok := v.members(); ok {
		for _, m := range members {
			list = append(list, m.value)
		}
		return list
	}
	if _, ok := v.node.(*ast.SequenceNode); ok {
		list, _ = v.entries()
	}
	return list
}
