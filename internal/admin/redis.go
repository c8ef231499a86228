package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/longhaul-mcp/longhaul/internal/redisdial"
	"github.com/longhaul-mcp/longhaul/store"
)

// Whose fault an error is.
var (
	ErrMistaken    = errors.New("cannot be done")
	ErrUnreachable = errors.New("not done")
)

// patience is for all that a command does.
const patience = 10 * time.Second

// with does something with the store in the Redis that a URL names.
func with(ctx context.Context, url string, do func(context.Context, *store.Store) error) error {
	o, err := redisdial.Options(url)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMistaken, err)
	}
	o.MaxRetries = -1 // what was sent twice finds that it is done, and would be told as a mistake
	rdb := redisdial.Connect(o)
	defer rdb.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := store.Open(ctx, rdb, store.Options{})
	if err == nil {
		err = do(ctx, s)
	}
	if plight := store.Plight(err); plight != "" {
		return fmt.Errorf("%w: Redis %s: %w", ErrUnreachable, plight, err)
	}
	return err
}
