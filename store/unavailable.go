package store

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// refusals are the answers of a Redis that cannot serve now, though it may soon, and what they mean.
var refusals = []struct{ prefix, plight string }{
	{"LOADING", "is still reading its files"},
	{"READONLY", readOnly},
	{"MASTERDOWN", readOnly},
	{"CLUSTERDOWN", "is a cluster with a part missing"},
	{"TRYAGAIN", moving}, {"MOVED", moving}, {"ASK", moving},
	{"NOREPLICAS", noReplica},
	{"OOM", "is full"},
	{"MISCONF", "cannot write to its disk"},
	{"BUSY", "is busy"}, {"EXECABORT", "is busy"},
	{"NOAUTH", stranger}, {"WRONGPASS", stranger}, {"NOPERM", stranger},
	{"ERR Protocol error: unauthenticated", stranger}, // more, or longer, arguments than a stranger may send
	{"ERR max number of clients", "has too many clients"},
}

const (
	silent    = "does not answer"
	readOnly  = "is failing over"
	moving    = "is moving its data"
	noReplica = "has no replica that confirms what is written"
	stranger  = "does not accept this process's password or user"
)

// Unavailable reports whether an error says that Redis did not serve, rather than that something is wrong with what was asked.
// Whether a write happened is then unknown.
func Unavailable(err error) bool { return Plight(err) != "" }

// Plight is why Redis did not serve, as the end of a sentence that anybody may read: "is full". It is "" for any other error.
func Plight(err error) string {
	if err == nil || errors.Is(err, context.Canceled) {
		return ""
	}
	if errors.Is(err, ErrNotReplicated) {
		return noReplica
	}
	if refusal, ok := errors.AsType[redis.Error](err); ok {
		if p := plight(refusal.Error()); p != "" {
			return p
		}
	}
	if unreachable(err) {
		return silent
	}
	return ""
}

// Condition is how Redis is, said of it where it does not answer a ping, whatever the error: never "" where there is one.
func Condition(err error) string {
	if err == nil {
		return ""
	}
	return cmp.Or(Plight(err), silent)
}

// plight finds what an answer means. Redis before 7 reports what a script met as the end of an error of its own.
func plight(answer string) string {
	if _, met, ok := strings.Cut(answer, ": -"); ok && strings.HasPrefix(answer, "ERR ") {
		answer = met
	}
	for _, r := range refusals {
		if strings.HasPrefix(answer, r.prefix) {
			return r.plight
		}
	}
	return ""
}

func unreachable(err error) bool {
	for _, is := range []error{context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, redis.ErrClosed, redis.ErrPoolTimeout, redis.ErrPoolExhausted} {
		if errors.Is(err, is) {
			return true
		}
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	_, ok := errors.AsType[net.Error](err)
	return ok
}
