package admin

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/longhaul-mcp/longhaul/internal/spelling"
	"github.com/longhaul-mcp/longhaul/store"
)

// Retire takes tools off the list of tools, by their names or by patterns (* and ?), and returns which, sorted. A worker that still has one lists
// it again with its next announcement, in half a minute at most. ErrMistaken: a name or a pattern is that of no listed tool; the others are
// retired. ErrUnreachable: some may be retired or not; retiring again does no harm.
func Retire(ctx context.Context, redisURL string, words []string) (retired []string, err error) {
	err = with(ctx, redisURL, func(ctx context.Context, s *store.Store) error {
		listed, err := listed(ctx, s)
		if err != nil {
			return err
		}
		names, mistakes := chosen(words, listed)
		for _, name := range names {
			was, err := s.Retire(ctx, name)
			switch {
			case err != nil:
				return err
			case was:
				retired = append(retired, name)
			default:
				mistakes = append(mistakes, unlisted(name, listed))
			}
		}
		return errors.Join(mistakes...)
	})
	return retired, err
}

// listed are the names of the tools that are, sorted.
func listed(ctx context.Context, s *store.Store) ([]string, error) {
	list, err := s.Catalog(ctx)
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.Name
	}
	slices.Sort(names)
	return names, err
}

// chosen are the tools that names and patterns mean, sorted. A name may be that of a tool that this program cannot read.
func chosen(words, listed []string) (names []string, mistakes []error) {
	for _, word := range words {
		if !strings.ContainsAny(word, "*?") {
			names = append(names, word)
			continue
		}
		before := len(names)
		for _, name := range listed {
			if ok, err := path.Match(word, name); ok && err == nil {
				names = append(names, name)
			}
		}
		if len(names) == before {
			mistakes = append(mistakes, fmt.Errorf("%w: no tool like %s is listed%s", ErrMistaken, word, spelling.Suggestion(word, listed)))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), mistakes
}

// unlisted is the error about a tool that is not listed, with the name that may have been meant.
func unlisted(tool string, listed []string) error {
	others := slices.DeleteFunc(slices.Clone(listed), func(name string) bool { return name == tool }) // it was until just now
	return fmt.Errorf("%w: no tool %s is listed%s", ErrMistaken, tool, spelling.Suggestion(tool, others))
}
