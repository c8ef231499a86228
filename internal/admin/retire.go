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

// kind is a kind of things that are listed.
type kind struct {
	noun   string
	names  func(context.Context, *store.Store) ([]string, error) // of those that are
	retire func(*store.Store, context.Context, string) (was bool, err error)
}

// Retire takes tools off the list of tools, by their names or by patterns (* and ?), and returns which, sorted. A worker that still has one lists
// it again with its next announcement, in half a minute at most. ErrMistaken: a name or a pattern is that of no listed tool; the others are
// retired. ErrUnreachable: some may be retired or not; retiring again does no harm.
func Retire(ctx context.Context, redisURL string, words []string) (retired []string, err error) {
	return kind{"tool", tools, (*store.Store).Retire}.take(ctx, redisURL, words)
}

// RetireServers takes off the lists what servers behind workers have beside their tools, resources and prompts, as Retire does with tools.
func RetireServers(ctx context.Context, redisURL string, words []string) (retired []string, err error) {
	return kind{"server", sources, (*store.Store).RetireSource}.take(ctx, redisURL, words)
}

func (k kind) take(ctx context.Context, redisURL string, words []string) (retired []string, err error) {
	err = with(ctx, redisURL, func(ctx context.Context, s *store.Store) error {
		listed, err := k.names(ctx, s)
		if err != nil {
			return err
		}
		slices.Sort(listed)
		names, mistakes := k.chosen(words, listed)
		for _, name := range names {
			was, err := k.retire(s, ctx, name)
			switch {
			case err != nil:
				return err
			case was:
				retired = append(retired, name)
			default:
				mistakes = append(mistakes, k.unlisted(name, listed))
			}
		}
		return errors.Join(mistakes...)
	})
	return retired, err
}

func tools(ctx context.Context, s *store.Store) (names []string, err error) {
	list, err := s.Catalog(ctx)
	for _, t := range list {
		names = append(names, t.Name)
	}
	return names, err
}

func sources(ctx context.Context, s *store.Store) (names []string, err error) {
	list, err := s.Sources(ctx)
	for _, source := range list {
		names = append(names, source.Name)
	}
	return names, err
}

// chosen are what names and patterns mean, sorted. A name may be that of something that this program cannot read.
func (k kind) chosen(words, listed []string) (names []string, mistakes []error) {
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
			mistakes = append(mistakes, fmt.Errorf("%w: no %s like %s is listed%s", ErrMistaken, k.noun, word, spelling.Suggestion(word, listed)))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), mistakes
}

// unlisted is the error about what is not listed, with the name that may have been meant.
func (k kind) unlisted(name string, listed []string) error {
	others := slices.DeleteFunc(slices.Clone(listed), func(other string) bool { return other == name }) // it was until just now
	return fmt.Errorf("%w: no %s %s is listed%s", ErrMistaken, k.noun, name, spelling.Suggestion(name, others))
}
