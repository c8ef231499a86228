// Package server is the MCP front end: an http.Handler that checks every request, turns tool calls into tasks, and shows
// each client its tasks in the way that the client understands.
//
//	s, err := server.New(server.Options{Store: st, Watcher: w, Dispatcher: d, Anonymous: server.Local})
//	mux.Handle("/mcp", s)
//	err = s.Run(ctx) // mirrors the catalogue until ctx ends
//
// A call of a catalogued tool is always a task; what differs is its face. A client of revision 2026-07-28 that declares the Tasks extension
// gets the task, and so does one of 2025-11-25 that asks for it. For any other client the call is held open until the task ends or a handle is
// due. Clients of revisions before 2026-07-28 have a session, which is kept in Redis so that any replica can continue it. Requests that are
// not ours (server/discover, most of initialize) go to the SDK's stateless handler.
//
// To read it, begin at the door (door.go), which hands each request to its method (methods.go). A call (call.go) is held open (held.go) or
// answered with its task (hand.go), which the client may then follow (listen.go); whatever stays open watches its task (watch.go). For
// sessions begin at session.go: a courier (courier.go) decides what goes out on which of a session's streams, attendance.go is the session's own
// stream, beside those of requests, and resume.go goes on with a stream that was cut.
//
// Resources and prompts of servers behind workers are listed from the catalogue (sources.go) and read by asking a worker (inquire.go); feed.go
// tells a stream of their changes.
//
// The package runs no tool and knows none: workers announce theirs through the store.
package server
