package server_test

import (
	"maps"
	"net/http"

	"github.com/longhaul-mcp/longhaul/wire"
)

// draft is a request that a test is about to send.
type draft struct {
	body   obj
	header http.Header
	text   string // the body as it is, if not empty
}

// modern is a valid request of revision 2026-07-28 that declares the Tasks extension and forms.
func modern(method string, params obj, change ...func(*draft)) *draft {
	params = maps.Clone(params)
	if params == nil {
		params = obj{}
	}
	params["_meta"] = obj{
		wire.MetaVersion:      wire.V20260728,
		wire.MetaClientInfo:   obj{"name": "test", "version": "1"},
		wire.MetaCapabilities: obj{"elicitation": obj{}, "extensions": obj{wire.TasksExtension: obj{}}},
	}
	d := legacy(method, params)
	d.header.Set(wire.HeaderVersion, wire.V20260728)
	d.header.Set(wire.HeaderMethod, method)
	for _, member := range []string{"name", "taskId", "uri"} {
		if v, ok := params[member].(string); ok {
			d.header.Set(wire.HeaderName, wire.EncodeHeader(v))
		}
	}
	for _, c := range change {
		c(d)
	}
	return d
}

// legacy is a request as revision 2025-11-25 sends it.
func legacy(method string, params obj) *draft {
	d := &draft{body: obj{"jsonrpc": "2.0", "id": 1, "method": method}, header: http.Header{}}
	if params != nil {
		d.body["params"] = params
	}
	d.header.Set("Content-Type", "application/json")
	d.header.Set("Accept", "application/json, text/event-stream")
	d.header.Set(wire.HeaderVersion, "2025-11-25")
	return d
}

func hello(version string, caps obj) *draft {
	d := legacy("initialize", obj{"protocolVersion": version, "capabilities": caps, "clientInfo": obj{"name": "t", "version": "1"}})
	d.header.Del(wire.HeaderVersion)
	return d
}

func (d *draft) params() obj { return d.body["params"].(obj) }

func (d *draft) meta() obj { return d.params()["_meta"].(obj) }

func plainClient(d *draft) { d.meta()[wire.MetaCapabilities] = obj{"elicitation": obj{}} }

func withMeta(name string, v any) func(*draft) { return func(d *draft) { d.meta()[name] = v } }

func withID(id any) func(*draft) { return func(d *draft) { d.body["id"] = id } }

func accepted(content obj) obj { return obj{"result": obj{"action": "accept", "content": content}} }

func canFill() obj { return obj{"elicitation": obj{}} }
