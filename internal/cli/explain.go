package cli

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/longhaul-mcp/longhaul/client"
)

// plainly is an error as a person can use it, without the names of what was tried on the way.
func (a *app) plainly(err error) error {
	if errors.Is(err, client.ErrNotFound) {
		return explained{err, "no task " + a.asked + ": it may have been forgotten, or the server keeps its tasks in memory and was restarted"}
	}
	return err
}

// explained says an error in other words.
type explained struct {
	error
	words string
}

func (e explained) Error() string { return e.words }
func (e explained) Unwrap() error { return e.error }

// checkURL finds what is wrong with an address before it is called.
func checkURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case !strings.Contains(address, "://"):
		return usage("-url %s has no scheme: http://%s?", address, endpoint(address))
	case err != nil:
		return &usageError{err}
	case u.Scheme != "http" && u.Scheme != "https":
		return usage("-url %s: MCP is spoken over http and https, not %s", address, u.Scheme)
	case u.Host == "":
		return usage("-url %s names no host", address)
	}
	return nil
}

// endpoint is an address with the path that most servers have, if it has none.
func endpoint(address string) string {
	if host, path, _ := strings.Cut(address, "/"); path == "" {
		return host + "/mcp"
	}
	return address
}

func checkRevision(revision string) error {
	if revisions := client.Revisions(); revision != "" && !slices.Contains(revisions, revision) {
		return usage("-revision %s is none that this client speaks: there is %s", revision, strings.Join(revisions, ", "))
	}
	return nil
}

// dialed explains why a server could not be talked to.
func dialed(address string, err error) error {
	e, answered := errors.AsType[*client.Error](err)
	u, _ := url.Parse(address) // it was checked
	switch {
	case answered && e.HTTP == http.StatusNotFound && strings.Trim(u.Path, "/") == "":
		return explained{err, address + " is no MCP endpoint (HTTP 404): is it " + u.Scheme + "://" + u.Host + "/mcp?"}
	case errors.Is(err, client.ErrUnreachable) && !answered:
		return explained{err, address + " cannot be reached: " + reason(err) + ": is it running?"}
	}
	return explained{err, address + ": " + err.Error()}
}
