package server

import (
	"strings"
	"time"
)

// Client is what the operator knows about clients of one name.
type Client struct {
	// Name is what a client calls itself (clientInfo.name). With * at its end it is how such names begin.
	Name string
	// Hold is how long a call of such a client stays open before it is answered with a handle.
	Hold time.Duration
}

// profile says how long clients of one name survive a call that stays open. Many give up after a silence, and a silence is broken only for calls
// that ask for progress.
type profile struct {
	name   string // a trailing * stands for any rest
	silent time.Duration
	heard  time.Duration // for a call with a progress token
}

// allDay is for clients that wait as long as they hear something. It is not for ever: a connection may be dead without either side knowing.
const allDay = 12 * time.Hour

// profiles are the clients that are known, each with the name it gives itself and where both are from. The times are safely below the
// client's own limit, which its user may have changed.
var profiles = []profile{
	// 5 min without progress; in all about 28 h (code.claude.com/docs/en/mcp; name: its initialize, as many servers log it)
	{"claude-code", 4 * time.Minute, allDay},
	// 60 s, whatever it hears (anthropics/claude-code#22542; name: Claude Desktop's mcp.log)
	{"claude-ai", 50 * time.Second, 50 * time.Second},
	// Cowork: 60 s, asks for no progress (anthropics/claude-code#58687, which shows its initialize)
	{"local-agent-mode-*", 50 * time.Second, 50 * time.Second},
	// 300 s, earlier releases 120 s (openai/codex, codex-mcp/src/rmcp_client.rs, DEFAULT_TOOL_TIMEOUT; name: connection_manager.rs)
	{"codex-mcp-client", 100 * time.Second, 100 * time.Second},
	// 10 min; earlier releases put the server's name behind theirs (google-gemini/gemini-cli, core/src/tools/mcp-client.ts)
	{"gemini-cli-mcp-client*", 9 * time.Minute, 9 * time.Minute},
	// the same (QwenLM/qwen-code, core/src/tools/mcp-client.ts)
	{"qwen-code-mcp-client*", 9 * time.Minute, 9 * time.Minute},
	// goose-cli, goose-desktop: 300 s (block/goose, DEFAULT_EXTENSION_TIMEOUT, agents/mcp_client.rs; names: GoosePlatform)
	{"goose*", 4 * time.Minute, 4 * time.Minute},
	// 60 s without progress, which it asks for since June 2026 (anomalyco/opencode, src/mcp/catalog.ts; name: src/mcp/index.ts)
	{"opencode", 50 * time.Second, allDay},
	// no limit of its own (microsoft/vscode#311595), but calls were cut after 5 min (#261734); name: nameLong of its product.json
	{"Visual Studio Code*", 4 * time.Minute, 4 * time.Minute},
	// Copilot for JetBrains: 30 s (microsoft/copilot-intellij-feedback#1935; names, one for each IDE: apify/mcp-client-capabilities)
	{"JetBrains-*", 25 * time.Second, 25 * time.Second},
}

// configured makes profiles of what the operator says: it counts however much a client hears.
func configured(clients []Client) []profile {
	list := make([]profile, len(clients))
	for i, c := range clients {
		list[i] = profile{c.Name, c.Hold, c.Hold}
	}
	return list
}

// find is the profile that fits a client's name best: the name itself, or else the longest beginning of it. Nil: none does.
func find(list []profile, name string) (best *profile) {
	for i := range list {
		p := &list[i]
		begin, open := strings.CutSuffix(p.name, "*")
		switch {
		case !open && p.name == name:
			return p
		case open && strings.HasPrefix(name, begin) && (best == nil || len(p.name) > len(best.name)):
			best = p
		}
	}
	return best
}

// limit is for how long a client survives this request.
func (p *profile) limit(q *request) time.Duration {
	if q.meta.Token != nil && !q.out.mute {
		return p.heard
	}
	return p.silent
}

// client is what the client calls itself. Before 2026-07-28 only a session knows.
func (q *request) client() string {
	switch {
	case q.modern():
		return q.meta.Client
	case q.session != nil:
		return q.session.Client
	}
	return ""
}

// profile is what is known of the request's client; byOperator says whose word it is. Names change nothing on 2026-07-28 but where the operator
// says so (basic, clientInfo).
func (s *Server) profile(q *request) (p *profile, byOperator bool) {
	if p := find(*s.clients.Load(), q.client()); p != nil {
		return p, true
	}
	if q.modern() {
		return nil, false
	}
	return find(s.opts.profiles, q.client()), false
}
