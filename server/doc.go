// Package server is the MCP front end: an http.Handler that checks every request, turns tool calls into tasks, and shows
// each client its tasks in the way that the client understands.
//
//	s, err := server.New(server.Options{Store: st, Watcher: w, Dispatcher: d, Anonymous: server.Local})
//	mux.Handle("/mcp", s)
//	err = s.Run(ctx) // mirrors the catalogue until ctx ends
//
// A call of a catalogued tool is always a task; what differs is its face. A client of revision 2026-07-28 that declares the
// Tasks extension gets the task, and so does one of 2025-11-25 that asks for it; any other client gets its call held open until
// the task ends. Clients of earlier revisions have a session, which is in Redis: any replica continues it. Requests that are not
// ours (server/discover, ping, most of initialize) go to the SDK's stateless handler.
//
// To read it, begin at the door (door.go), which hands each request to its method (methods.go). A call (call.go) is held (held.go), handed
// out as a task (hand.go), or followed by its client (listen.go); what stays open watches its task (watch.go). Of sessions, begin at
// session.go: a courier (courier.go) carries what goes out on one of a session's streams, attendance.go is its stream of no request, and
// resume.go goes on with one that was cut.
//
// Resources and prompts of servers behind workers are listed from the catalogue (sources.go), and a worker is asked for them (inquire.go);
// feed.go is what a stream hears of their changes.
//
// The package runs no tool and knows none: workers announce theirs through the store.
package server
