// Package client calls tools on MCP servers and sees each call through to its result, however long that takes: it waits by listening or
// polling, answers questions, outlasts restarts of the server and of the network, and goes on with a task by its id after a restart of its own.
//
//	c, err := client.Dial(ctx, "http://127.0.0.1:8080/mcp", client.Options{})
//	defer c.Close()
//	result, err := c.Call(ctx, "analyze_logs", map[string]any{"path": "access.log"}, client.CallOptions{})
//
// Start and Wait are the two halves of Call: keep the task's id between them, and Wait may happen in another process.
//
// It speaks MCP 2026-07-28 with the Tasks extension, and 2025-11-25, 2025-06-18, 2025-03-26 and 2024-11-05 with what those have: tasks where
// both the server and the tool offer them, otherwise calls that stay open and whose streams are resumed when they break. It works with any
// server. A Longhaul server finds a call whose answer was lost again by its idempotency key, so it is not started twice, and answers a long
// call with a handle where the revision has no tasks: the client goes on with that.
//
// What all revisions share is written once, over net/http: one POST for each request, answered by one message or a stream of them. The SDK's
// client is not used, not even for the earlier revisions: it drops the task parameter, task ids and task notifications, and working around
// that takes more code than the one POST.
//
// Where to read on: client.go has the options, call.go makes a call, wait.go sees its task through. Below these
//
//	2026-07-28       listen.go follows a task, question.go answers what it asks
//	2025-11-25       legacy.go follows a task, server_request.go answers what servers ask, attendance.go is the session's own stream
//	a handle         handle.go goes on with the tools of a Longhaul server
//	a request        send.go sends one, stream.go reads the answer, resume.go goes on with a stream that broke, backoff.go repeats
//	the connection   negotiate.go finds the revision, session.go keeps the session
//	a watch          changes.go, of lists and resources; subscription.go is the stream below it
//
// It does not speak stdio, and fetches no OAuth tokens: Options.Token brings them.
package client
