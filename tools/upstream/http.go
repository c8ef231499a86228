package upstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
)

func newHTTP(config Server) *http.Client {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // this process has replaced it
		t = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 8
	c := &http.Client{Transport: t, CheckRedirect: stayHere}
	if config.Header != nil {
		c.Transport = &headers{t, config.Header}
	}
	return c
}

// headers adds what a server's Header says to every request.
type headers struct {
	base   *http.Transport
	header func(ctx context.Context) (http.Header, error)
}

func (h *headers) RoundTrip(r *http.Request) (*http.Response, error) {
	add, err := h.header(r.Context())
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, unsent(fmt.Errorf("its headers: %w", err))
	}
	r = r.Clone(r.Context())
	maps.Copy(r.Header, add)
	return h.base.RoundTrip(r)
}

// CloseIdleConnections is what http.Client.CloseIdleConnections looks for.
func (h *headers) CloseIdleConnections() { h.base.CloseIdleConnections() }

var errElsewhere = errors.New("it redirects to another host, which is not told what this one is")

// stayHere follows redirects within one host only: the headers may hold secrets that are for nobody else.
func stayHere(r *http.Request, via []*http.Request) error {
	if r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme || len(via) > 5 {
		return errElsewhere
	}
	return nil
}
