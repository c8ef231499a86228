package configfile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/longhaul-mcp/longhaul/server"
)

// distinct explains which names in a file are used more than once.
func distinct(v value, f File) error {
	var clients, tools, servers, prefixes []string
	for _, c := range f.Clients {
		clients = append(clients, c.Name)
	}
	for _, t := range f.Tools {
		tools = append(tools, t.Tool.Name)
	}
	for _, s := range f.Servers {
		servers = append(servers, s.Name)
		if s.Prefix == nil {
			prefixes = append(prefixes, s.Name+"_")
		} else if *s.Prefix != "" { // servers without a prefix may or may not have the same names
			prefixes = append(prefixes, *s.Prefix)
		}
		for _, t := range s.Tools {
			if t.Name != "" {
				tools = append(tools, t.Name)
			}
		}
	}
	return errors.Join(
		repeated(clients, "client %q is there %s"),
		repeated(tools, "tool %q is there %s"),
		repeated(servers, "server %q is there %s"),
		repeated(prefixes, "the prefix %q is there %s: tools of two servers would have the same names"),
		v.free(tools),
	)
}

func repeated(names []string, words string) error {
	names = slices.Sorted(slices.Values(names))
	var errs []error
	for len(names) > 0 {
		n := 1
		for n < len(names) && names[n] == names[0] {
			n++
		}
		switch {
		case n == 2:
			errs = append(errs, fmt.Errorf(words, names[0], "twice"))
		case n > 2:
			errs = append(errs, fmt.Errorf(words, names[0], fmt.Sprintf("%d times", n)))
		}
		names = names[n:]
	}
	return errors.Join(errs...)
}

// free explains which names of tools are taken.
func (s *source) free(names []string) error {
	var errs []error
	for _, name := range names {
		switch {
		case server.IsHandle(name):
			errs = append(errs, fmt.Errorf("tool %q: clients without tasks have a tool of this name from every server: choose another", name))
		case slices.Contains(s.Taken, name):
			errs = append(errs, fmt.Errorf("tool %q is there already, without this file: choose another name", name))
		}
	}
	return errors.Join(errs...)
}
