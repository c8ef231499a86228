// Package upstream makes the tools of other MCP servers durable: each is registered as a tool of this worker, and a call of it is relayed.
//
//	hub, err := upstream.New(upstream.Options{Registry: &reg, Servers: []upstream.Server{
//		{Name: "github", Command: []string{"github-mcp-server", "stdio"}},
//		{Name: "search", URL: "https://search.internal/mcp", Policy: tasks.Policy{Timeout: 30 * time.Minute}},
//	}})
//	hub.Connect(ctx)       // lists the tools of the servers that answer soon
//	err = hub.Run(ctx)     // lists the others once they answer, and any again when its list changes; must outlive the attempts
//	err = hub.Change(list) // relays other servers from now on; running calls are not disturbed
//
// One attempt is one upstream call. Progress, log messages and questions come through, cancelling the task cancels the call, and the tool's
// answer is passed on unchanged. Where the server makes a task of the call, that task is waited for, and found again by its id after a
// restart of the worker. Otherwise a worker that dies loses the call; it is made again only if the tool is annotated as read-only or
// idempotent, or if its policy says so.
//
// Package client speaks the protocol. This package adds stdin and stdout, sessions that serve one call at a time (before 2026-07-28 a
// server's questions do not say which call they belong to), and what happens when a server is away.
//
// Resources, prompts and completion of a server become a source of the registry (tasks.Source), under names that tell servers apart.
// Requests for them are called inquiries, and have sessions of their own beside those of the calls.
//
// Where to read on: description.go is how a configuration describes a server, hub.go keeps all servers, and server.go lists the parts that
// each is made of. Then
//
//	what it has      keep.go decides when to list it, listing.go lists it, register.go, tool.go and schema.go make tools of the list and source.go
//	                 a source, offering.go remembers the outcome; owners.go and address.go give names; change.go changes the servers
//	a call           relay.go, with question.go and progress.go on the way, result.go and error.go at its end
//	an inquiry       inquiry.go makes it, inquiry_shape.go checks the answer, inquirer.go keeps the sessions for it
//	a watch          watch.go; watch_programs.go before 2026-07-28
//	a session        session.go opens one, sessions.go keeps the open ones; below them is http.go or pipe.go
//	a program        pipe.go speaks to it as if by HTTP, child.go is a running one, process.go starts it, tail.go says why it ended
//	its health       health.go reports it, breaker.go refuses calls of a server that is down
//
// It fetches no OAuth tokens: a Server's Header brings what it needs.
package upstream
