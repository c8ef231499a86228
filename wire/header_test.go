package wire_test

import (
	"testing"

	"github.com/longhaul-mcp/longhaul/wire"
)

func TestHeadersAsInTheSpecification(t *testing.T) {
	t.Parallel()
	for value, header := range map[string]string{
		"us-west1":           "us-west1",
		"Hello, 世界":          "=?base64?SGVsbG8sIOS4lueVjA==?=",
		" padded ":           "=?base64?IHBhZGRlZCA=?=",
		"line1\nline2":       "=?base64?bGluZTEKbGluZTI=?=",
		"=?base64?literal?=": "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=",
	} {
		if got := wire.EncodeHeader(value); got != header {
			t.Errorf("encode %q: got %q", value, got)
		}
		if got, err := wire.DecodeHeader(header); got != value || err != nil {
			t.Errorf("decode %q: got %q, %v", header, got, err)
		}
	}
}

func TestDecodeHeaderEdges(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"=?base64?SGVsbG8=": "=?base64?SGVsbG8=", "SGVsbG8=?=": "SGVsbG8=?=", "=?base64?=": "=?base64?=", "=?base64??=": "", "": "",
	} {
		if got, err := wire.DecodeHeader(header); got != want || err != nil {
			t.Errorf("%q: got %q, %v", header, got, err)
		}
	}
	for _, bad := range []string{"=?base64?SGVsbG8?=", "=?base64?SGVs!!!bG8=?=", "caf\xe9", "a\x00b", "a\nb", "=?base64?SGVsbG9=?="} {
		if got, err := wire.DecodeHeader(bad); err == nil {
			t.Errorf("%q: got %q", bad, got)
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add("us-west1")
	f.Add("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=")
	f.Add(" \t世界\x00")
	f.Fuzz(func(t *testing.T, s string) {
		h := wire.EncodeHeader(s)
		if back, err := wire.DecodeHeader(h); err != nil || back != s {
			t.Fatalf("%q became %q and came back as %q, %v", s, h, back, err)
		}
		_, _ = wire.DecodeHeader(s)
	})
}

func TestParamHeadersFollowTheSchema(t *testing.T) {
	t.Parallel()
	found, err := wire.ParamHeaders([]byte(`{"type":"object","properties":{
		"a":{"type":"object","properties":{"b":{"type":"string","x-mcp-header":"Deep"}}},
		"c":{"type":"boolean","x-mcp-header":"Flag"},"d":{"type":"string"},"e":true,"f":{"properties":[]}}}`))
	if err != nil || len(found) != 2 || found[0].Header != "Mcp-Param-Deep" || found[1].Header != "Mcp-Param-Flag" {
		t.Fatalf("got %+v, %v", found, err)
	}
	args := []byte(`{"a":{"b":"x"},"c":true}`)
	if err := found[0].Check([]string{"x"}, args); err != nil {
		t.Error(err)
	}
	if err := found[1].Check([]string{"true"}, args); err != nil {
		t.Error(err)
	}
	for _, values := range [][]string{{"True"}, {"true", "true"}, nil, {"1"}} {
		if err := found[1].Check(values, args); err == nil {
			t.Errorf("%q is accepted", values)
		}
	}
}

func TestForbiddenAnnotations(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{
		"number":    `{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}`,
		"object":    `{"properties":{"a":{"type":"object","x-mcp-header":"A"}}}`,
		"empty":     `{"properties":{"a":{"type":"string","x-mcp-header":""}}}`,
		"not token": `{"properties":{"a":{"type":"string","x-mcp-header":"A B"}}}`,
		"twice":     `{"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}`,
	} {
		if found, err := wire.ParamHeaders([]byte(schema)); err == nil {
			t.Errorf("%s: got %+v", name, found)
		}
	}
}
