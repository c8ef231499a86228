// Package wire is MCP's messages as JSON: the envelope that every request comes in, its metadata and headers, and the
// task messages of each protocol revision, one file per revision. It converts between tasks.Task and what clients see,
// and is used by the front end, the Go client and the relay to other servers.
//
//	m, err := wire.Decode(body)            // one JSON-RPC message
//	meta, err := wire.DecodeMeta(m.Params) // what the request says about itself
//	b := wire.Response(m.ID, wire.Get(task, about))
//
// It knows neither HTTP status codes nor Redis, and decides nothing: package server does.
package wire
