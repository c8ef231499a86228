package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Server is an MCP server whose tools are relayed: a program (Command) or an address (URL).
type Server struct {
	// Name tells servers apart, in names of tools and in errors: 1 to 32 letters, digits, - and _.
	Name string
	// Prefix comes before the names of its tools and prompts. Nil: the server's name and _. URIs of resources begin with the server's name
	// and +, unless the prefix is empty: then they are the server's.
	Prefix *string

	// Command is a program that speaks MCP on its stdin and stdout, with its arguments.
	Command []string
	// Dir is where it runs. Zero: where the worker does.
	Dir string
	// Env is what it finds in its environment beside PATH, HOME and the like, as NAME=value. It is asked at every start. Nil: nothing.
	Env func(ctx context.Context) ([]string, error)

	// URL is where it speaks Streamable HTTP.
	URL string
	// Header comes with every request to the URL: tokens, for example. It is asked every time. Nil: nothing.
	Header func(ctx context.Context) (http.Header, error)

	// Allow and Deny say by patterns (* and ?), over the names that the server uses, which tools are relayed. Zero: all are.
	Allow, Deny []string
	// Tools says more of single tools, by the names that the server uses.
	Tools map[string]Tool
	// NoResources and NoPrompts leave those of the server out. Zero: they are offered.
	NoResources, NoPrompts bool
	// Policy is that of every tool. A zero Rerun follows the tool's annotations.
	Policy tasks.Policy
	// Sessions bounds how many calls it gets at once; further ones wait. Zero: 16.
	Sessions int
	// Version tells this description from another one of the same server, since Env and Header cannot be compared: Hub.Change leaves a
	// server alone whose version is the same. Make it a digest where a description may hold a secret. Zero: each is another one.
	Version string
}

// Tool is what is said of one tool of a server.
type Tool struct {
	// Name is what it is called here, without the prefix. Zero: what the server calls it, with the prefix.
	Name string
	// Description is what it says of itself here. Zero: what the server says.
	Description string
	// Policy is the tool's, in the place of the server's. Nil: the server's.
	Policy *tasks.Policy
}

const defaultSessions = 16

var serverName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// Validate explains everything that is wrong with the description of a server, as far as it can be told without asking it.
func (s *Server) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !serverName.MatchString(s.Name) {
		bad("name: use 1 to 32 letters, digits, - and _")
	}
	switch {
	case (len(s.Command) == 0) == (s.URL == ""):
		bad("say either by which command or at which url it is reached")
	case s.URL != "" && (s.Dir != "" || s.Env != nil):
		bad("dir and env are for servers that a command starts")
	case s.URL == "" && s.Header != nil:
		bad("headers are for servers with a url")
	case s.URL != "" && !validURL(s.URL):
		bad("url: use http:// or https:// and a host")
	case s.URL == "" && s.Command[0] == "":
		bad("command: the program's name is empty")
	}
	for _, pattern := range append(append([]string(nil), s.Allow...), s.Deny...) {
		if _, err := path.Match(pattern, ""); err != nil {
			bad("allow, deny: %q is no pattern", pattern)
		}
	}
	if s.Sessions < 0 {
		bad("sessions is %d: it cannot be negative", s.Sessions)
	}
	if err := s.Policy.Validate(); err != nil {
		bad("policy: %w", err)
	}
	for name, t := range s.Tools {
		if t.Policy == nil {
			continue
		}
		if err := t.Policy.Validate(); err != nil {
			bad("tool %s: policy: %w", name, err)
		}
	}
	return errors.Join(errs...)
}

func validURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// relays reports whether a tool is relayed.
func (s *Server) relays(tool string) bool {
	return (len(s.Allow) == 0 || matches(s.Allow, tool)) && !matches(s.Deny, tool)
}

func matches(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if ok, err := path.Match(pattern, name); ok && err == nil {
			return true
		}
	}
	return false
}

// nameOf is what a tool is called here.
func (s *Server) nameOf(tool string) string {
	if t := s.Tools[tool]; t.Name != "" {
		return t.Name
	}
	return s.prefix() + tool
}

// policyOf is what is said of how a tool is run.
func (s *Server) policyOf(tool string) tasks.Policy {
	if p := s.Tools[tool].Policy; p != nil {
		return *p
	}
	return s.Policy
}
