package wire

import (
	"encoding/base64"
	"errors"
	"strings"
)

// The HTTP headers that repeat what a request says (transports/streamable-http, Request Metadata).
const (
	HeaderVersion = "Mcp-Protocol-Version"
	HeaderMethod  = "Mcp-Method"
	HeaderName    = "Mcp-Name"
	headerParam   = "Mcp-Param-"
)

const (
	sentinelStart = "=?base64?"
	sentinelEnd   = "?="
)

var (
	errHeaderChars  = errors.New("contains characters that a header value cannot have")
	errHeaderBase64 = errors.New("contains invalid Base64")
)

// DecodeHeader is the value that a header stands for: itself, or what its Base64 sentinel holds.
func DecodeHeader(v string) (string, error) {
	if !plain(v) {
		return "", errHeaderChars
	}
	inner, ok := sentinel(v)
	if !ok {
		return v, nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(inner)
	if err != nil {
		return "", errHeaderBase64
	}
	return string(b), nil
}

// EncodeHeader is the header value that stands for s.
func EncodeHeader(s string) string {
	if _, marked := sentinel(s); !marked && plain(s) && strings.Trim(s, " \t") == s {
		return s
	}
	return sentinelStart + base64.StdEncoding.EncodeToString([]byte(s)) + sentinelEnd
}

func sentinel(v string) (inner string, ok bool) {
	if len(v) < len(sentinelStart)+len(sentinelEnd) {
		return "", false
	}
	inner, ok = strings.CutPrefix(v, sentinelStart)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(inner, sentinelEnd)
}

// plain: visible ASCII, space and tab only (Value Encoding).
func plain(v string) bool {
	for i := range len(v) {
		if c := v[i]; c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}
