package store

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// refusals are the answers of a Redis that cannot serve now, though it may soon: it loads, fails over, is full or does not know us.
var refusals = []string{
	"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "OOM", "MISCONF", "BUSY", "NOAUTH", "WRONGPASS", "NOPERM",
}

// Unavailable reports whether an error says that Redis did not serve, rather than that something is wrong with what was asked.
// Whether a write happened is then unknown.
func Unavailable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	for _, is := range []error{context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, redis.ErrClosed, redis.ErrPoolTimeout, redis.ErrPoolExhausted, ErrNotReplicated} {
		if errors.Is(err, is) {
			return true
		}
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	refusal, ok := errors.AsType[redis.Error](err)
	return ok && slices.ContainsFunc(refusals, func(r string) bool { return strings.HasPrefix(refusal.Error(), r) })
}
