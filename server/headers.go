package server

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/wire"
)

var versions = mcp.SupportedProtocolVersions()

// identify finds out the request's revision, and checks that headers, metadata and body agree.
func (q *request) identify() error {
	version, err := one(q.header, wire.HeaderVersion)
	if err != nil {
		return err
	}
	meta, metaErr := wire.DecodeMeta(q.Params)
	q.meta, q.revision = meta, spoken(version, meta.Version) // errors are answered in this revision too
	if q.Kind == wire.Request {
		if err := agree(version, meta.Version); err != nil {
			return err
		}
	}
	if version != "" && !slices.Contains(versions, version) {
		return unsupported(version)
	}
	if q.Kind == wire.Notice && q.modern() && q.notification() && q.header.Get(wire.HeaderMethod) != "" {
		return q.checkMethod()
	}
	if q.Kind != wire.Request {
		return nil
	}
	if metaErr != nil || !q.modern() {
		return metaErr
	}
	return q.checkModern()
}

// spoken returns the revision that a request names in its header or its _meta, or else the one that the specification tells us to assume
// (2025-11-25, transports, Protocol Version Header).
func spoken(header, meta string) revision {
	return cmp.Or(revision(max(header, meta)), wire.V20250326)
}

// agree checks that the header repeats the version in _meta (Protocol Version Header).
func agree(header, meta string) error {
	switch {
	case header == meta, header < wire.V20260728 && header != "" && meta == "":
		return nil
	case header == "":
		return mismatch("%s is missing", wire.HeaderVersion)
	case meta != "":
		return mismatch("%s %.40q does not match _meta %.40q", wire.HeaderVersion, header, meta)
	case !slices.Contains(versions, header):
		return nil // unsupported explains that better
	}
	return invalid("_meta field %q is missing", wire.MetaVersion)
}

func unsupported(version string) error {
	return &wire.Error{
		Code:    wire.CodeUnsupportedVersion,
		Message: "unsupported protocol version",
		Data:    map[string]any{"supported": versions, "requested": version},
	}
}

// checkMethod checks that the header repeats the body's method, by which proxies tell requests apart (Server Validation).
func (q *request) checkMethod() error {
	method, err := one(q.header, wire.HeaderMethod)
	switch {
	case err != nil:
		return err
	case method == "":
		return mismatch("%s is missing", wire.HeaderMethod)
	case method != q.Method:
		return mismatch("%s %.100q does not match the body's method %.100q", wire.HeaderMethod, method, q.Method)
	}
	return nil
}

// checkModern checks what 2026-07-28 requires of every request.
func (q *request) checkModern() error {
	if err := q.checkMethod(); err != nil {
		return err
	}
	switch {
	case q.meta.Capabilities == nil:
		return invalid("_meta field %q is missing", wire.MetaCapabilities)
	}
	return q.checkName()
}

func (q *request) checkName() error {
	member := methods[q.Method].nameMember
	if member == "" {
		return nil
	}
	body, ok := q.Params.Text(member)
	if !ok {
		return invalid("%s must be a string", member)
	}
	value, err := one(q.header, wire.HeaderName)
	if err != nil {
		return err
	}
	if value == "" {
		return mismatch("%s is missing", wire.HeaderName)
	}
	name, err := wire.DecodeHeader(value)
	if err != nil {
		return mismatch("%s %v", wire.HeaderName, err)
	}
	if name != body {
		return mismatch("%s %.100q does not match the body's %s %.100q", wire.HeaderName, name, member, body)
	}
	q.header.Set(wire.HeaderName, name) // the SDK compares it without decoding
	return nil
}

// one returns a header's only value. Of two values, different readers could pick different ones.
func one(h http.Header, name string) (string, error) {
	values := h.Values(name)
	if len(values) > 1 {
		return "", mismatch("%s came %d times", name, len(values))
	}
	return h.Get(name), nil
}
