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
// the server and the tool offer them, otherwise calls that stay open, whose streams are resumed when they break. It works with any server;
// with a Longhaul one a call whose answer was lost is found again by its idempotency key instead of being started twice, and where the revision has
// no tasks it goes on with the handle that such a call is answered with.
//
// What is the same for both eras is written once, over net/http: one POST for each request, answered by one message or a stream of them.
// The SDK's client is not used, not even for the earlier revisions: it drops the task parameter, task ids and task notifications, so that
// going around it takes more code than the one POST.
//
// It does not speak stdio, nor does it fetch OAuth tokens: give it those by Options.Token.
package client
