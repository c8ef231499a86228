package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/longhaul-mcp/longhaul/wire"
)

func code(err error) int {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e.Code
	}
	return 0
}

func TestDecodeTellsMessagesApart(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		kind wire.Kind
		id   string
		code int
	}{
		"request, number":     {`{"jsonrpc":"2.0","id":7,"method":"m","params":{"a":1}}`, wire.Request, "7", 0},
		"request, string":     {` {"jsonrpc":"2.0","id":"7","method":"m"} `, wire.Request, `"7"`, 0},
		"large number":        {`{"jsonrpc":"2.0","id":12345678901234567890,"method":"m"}`, wire.Request, "12345678901234567890", 0},
		"notification":        {`{"jsonrpc":"2.0","method":"m"}`, wire.Notice, "", 0},
		"answer":              {`{"jsonrpc":"2.0","id":1,"result":{}}`, wire.Answer, "1", 0},
		"error answer":        {`{"jsonrpc":"2.0","id":1,"error":{}}`, wire.Answer, "1", 0},
		"batch":               {`[{"jsonrpc":"2.0"}]`, wire.Batch, "", 0},
		"null id":             {`{"jsonrpc":"2.0","id":null,"method":"m"}`, wire.Request, "", wire.CodeInvalidRequest},
		"fraction":            {`{"jsonrpc":"2.0","id":1.5,"method":"m"}`, wire.Request, "", wire.CodeInvalidRequest},
		"object id":           {`{"jsonrpc":"2.0","id":{},"method":"m"}`, wire.Request, "", wire.CodeInvalidRequest},
		"other version":       {`{"jsonrpc":"1.0","id":1,"method":"m"}`, wire.Request, "1", wire.CodeInvalidRequest},
		"nothing to do":       {`{"jsonrpc":"2.0","id":1}`, wire.Request, "1", wire.CodeInvalidRequest},
		"method not a string": {`{"jsonrpc":"2.0","id":1,"method":1}`, wire.Request, "1", wire.CodeInvalidRequest},
		"other spelling":      {`{"jsonrpc":"2.0","id":1,"METHOD":"m"}`, wire.Request, "1", wire.CodeInvalidRequest},
		"params not object":   {`{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}`, wire.Request, "1", wire.CodeInvalidParams},
		"null":                {`null`, wire.Request, "", wire.CodeInvalidRequest},
		"half":                {`{"jsonrpc":`, wire.Request, "", wire.CodeParse},
		"half a batch":        {`[{"jsonrpc":`, wire.Request, "", wire.CodeParse},
		"nothing":             {``, wire.Request, "", wire.CodeParse},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := wire.Decode([]byte(test.body))
			if code(err) != test.code || m.Kind != test.kind || string(m.ID) != test.id || m.Params == nil {
				t.Errorf("got %+v, %v", m, err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":7,"method":"m","params":{"_meta":{"progressToken":1}}}`))
	f.Add([]byte(`[{"jsonrpc":"2.0","id":null}]`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":"\u0000","method":"tasks/get","params":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := wire.Decode(body)
		if err != nil && code(err) == 0 {
			t.Fatalf("not a JSON-RPC error: %v", err)
		}
		if _, err := wire.DecodeMeta(m.Params); err != nil && code(err) == 0 {
			t.Fatalf("not a JSON-RPC error: %v", err)
		}
		_, _ = wire.InputResponses(m.Params)
		_, _ = wire.ListenFilter(m.Params)
		for _, out := range [][]byte{wire.Response(m.ID, json.RawMessage("{}")), wire.ErrorResponse(m.ID, &wire.Error{Code: 1, Message: m.Method})} {
			var back struct{ ID json.RawMessage }
			if err := json.Unmarshal(out, &back); err != nil || !bytes.Equal(back.ID, m.ID) {
				t.Fatalf("id %q came back in %s: %v", m.ID, out, err)
			}
		}
		if err == nil && m.Kind == wire.Request {
			again, err := wire.Decode(wire.WithParams(m))
			if err != nil || again.Method != m.Method {
				t.Fatalf("with params: %+v, %v", again, err)
			}
		}
	})
}

func FuzzMeta(f *testing.F) {
	f.Add([]byte(`{"io.modelcontextprotocol/clientCapabilities":{"elicitation":{"url":{}},"extensions":{"io.modelcontextprotocol/tasks":{}}}}`))
	f.Add([]byte(`{"progressToken":"x","io.modelcontextprotocol/logLevel":"debug","dev.longhaul/idempotency-key":"k"}`))
	f.Fuzz(func(t *testing.T, meta []byte) {
		if !json.Valid(meta) {
			return
		}
		m, err := wire.DecodeMeta(wire.Object{"_meta": meta})
		if err != nil && code(err) != wire.CodeInvalidParams {
			t.Fatalf("got %v", err)
		}
		if len(m.Key) > wire.MaxKey || m.Token != nil && !json.Valid(m.Token) {
			t.Fatalf("got %+v", m)
		}
	})
}
