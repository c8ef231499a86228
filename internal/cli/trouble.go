package cli

import (
	"errors"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
)

// trouble is a server that does not answer. The zero value is none.
type trouble struct {
	since time.Time
	why   string
}

func (t trouble) next(err error, now time.Time) trouble {
	switch {
	case err == nil:
		return trouble{}
	case t.since.IsZero():
		t.since = now
	}
	t.why = reason(err)
	return t
}

// worth is after how long trouble is told: connections break now and then, and are back at once.
const worth = 2 * time.Second

func (t trouble) told(now time.Time) bool { return !t.since.IsZero() && now.Sub(t.since) >= worth }

func (t trouble) words(now time.Time) string {
	if !t.told(now) {
		return ""
	}
	return "no contact for " + now.Sub(t.since).Truncate(time.Second).String() + ": " + t.why
}

// reason is what a person wants to know of an error of the network: not which addresses were on either side.
func reason(err error) string {
	if e, ok := errors.AsType[*client.Error](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*os.SyscallError](err); ok {
		err = e.Err
	}
	return err.Error()
}
