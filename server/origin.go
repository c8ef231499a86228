package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/longhaul-mcp/longhaul/wire"
)

// origins are the web origins that may call, and the hosts in them.
type origins struct {
	any   bool
	exact map[string]bool
	hosts map[string]bool
}

func parseOrigins(list []string) (origins, error) {
	o := origins{exact: make(map[string]bool), hosts: make(map[string]bool)}
	for _, s := range list {
		if s == "*" {
			o.any = true
			continue
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme == "" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return o, fmt.Errorf(`server: origin %q: use scheme://host[:port], or "*"`, s)
		}
		o.exact[strings.ToLower(u.Scheme+"://"+u.Host)] = true
		o.hosts[strings.ToLower(u.Hostname())] = true
	}
	return o, nil
}

// check protects against DNS rebinding, where a web page's host name is made to resolve to this address (transports/streamable-http, Security &
// Endpoint).
func (o origins) check(r *http.Request) error {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && loopback(local.String()) && !o.host(r.Host) {
		return refuse(http.StatusForbidden, wire.CodeInvalidRequest, "Host %.100q is not served on a loopback address", r.Host)
	}
	for _, origin := range r.Header.Values("Origin") {
		if !o.origin(origin, r.Host) {
			return refuse(http.StatusForbidden, wire.CodeInvalidRequest, "Origin %.100q may not call this server", origin)
		}
	}
	return nil
}

func (o origins) host(host string) bool {
	return loopback(host) || o.hosts[strings.ToLower(hostname(host))]
}

func (o origins) origin(origin, host string) bool {
	if o.any || o.exact[strings.ToLower(origin)] {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	return loopback(u.Host) || strings.EqualFold(u.Host, host) && o.own(host)
}

// own reports that a Host can only be this server's. A name that nobody configured may be somebody else's, made to resolve to us (rebinding).
func (o origins) own(host string) bool {
	_, err := netip.ParseAddr(hostname(host))
	return err == nil || o.host(host)
}

// loopback reports that only this machine can reach an address, which may have a port.
func loopback(addr string) bool {
	host := hostname(addr)
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func hostname(addr string) string {
	if host, _, err := net.SplitHostPort(addr); err == nil {
		return host
	}
	return strings.Trim(addr, "[]")
}
