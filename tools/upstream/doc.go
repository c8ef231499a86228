// Package upstream makes the tools of other MCP servers durable: each is registered as a tool of this worker, and a call of it is relayed.
//
//	hub, err := upstream.New(upstream.Options{Registry: &reg, Servers: []upstream.Server{
//		{Name: "github", Command: []string{"github-mcp-server", "stdio"}},
//		{Name: "search", URL: "https://search.internal/mcp", Policy: tasks.Policy{Timeout: 30 * time.Minute}},
//	}})
//	hub.Connect(ctx)       // lists the tools of those that answer soon
//	err = hub.Run(ctx)     // lists the others when they are there, and again when a list changes; must outlive the attempts
//	err = hub.Change(list) // relays other servers from now on; calls that run are not disturbed
//
// One attempt is one upstream call. Progress, log messages and questions come through, a cancelled task cancels the call, and what the
// tool answers is passed on as it is. Where the server makes a task of the call, the task is waited for, and found again by its id after a
// restart of the worker. Otherwise a worker that dies loses the call; it is made again only if the tool is annotated as read-only or
// idempotent, or if its policy says so.
//
// How servers are spoken to is package client's part; this one adds stdin and stdout, sessions that are used by one call at a time (before
// 2026-07-28 a server's questions do not say which call they belong to), and what happens when a server is away.
//
// Resources, prompts and completion of a server are a source of the registry (tasks.Source), under names that tell servers apart. They are
// asked for beside the calls.
//
// Where to read on: description.go says what a server is said to be, hub.go keeps all of them, and server.go has the parts that each is
// made of. Then
//
//	what it has      keep.go has it listed, listing.go asks, register.go and tool.go make tools of that, source.go the rest,
//	                 offering.go knows what came of it; owners.go and address.go give the names, change.go other servers
//	a call           relay.go, with question.go and progress.go on the way, result.go and error.go at its end
//	an inquiry       inquiry.go (what is asked beside calls, and inquiry_shape.go its answer), inquirer.go (the sessions for that)
//	a watch          watch.go; watch_programs.go before 2026-07-28
//	a session        session.go opens one, sessions.go keeps those that are open; http.go or pipe.go are below it
//	a program        pipe.go speaks to it as if by HTTP, child.go is one that runs, process.go starts it
//	how it does      health.go tells, breaker.go refuses calls meanwhile
//
// It fetches no OAuth tokens: a Server's Header brings what it needs.
package upstream
