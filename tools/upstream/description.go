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
	// Name tells servers apart, in the names of tools and in errors: 1 to 32 letters, digits, - and _.
	Name string
	// Prefix comes before the names of its tools and prompts. Nil: the server's name and _. The URIs of its resources begin with the server's
	// name and +, unless the prefix is empty: then they stay as they are.
	Prefix *string

	// Command is a program that speaks MCP on its stdin and stdout, with its arguments.
	Command []string
	// Dir is the directory in which it runs. Zero: the worker's.
	Dir string
	// Env returns what it finds in its environment beside PATH, HOME and the like, as NAME=value. It is called at every start. Nil: nothing.
	Env func(ctx context.Context) ([]string, error)

	// URL is where it speaks Streamable HTTP.
	URL string
	// Header returns headers for a request to the URL, such as tokens. It is called for each request. Nil: none.
	Header func(ctx context.Context) (http.Header, error)

	// Allow and Deny say which tools are relayed, by patterns (* and ?) for the names that the server uses. Zero: all are.
	Allow, Deny []string
	// Tools says more about single tools, by the names that the server uses.
	Tools map[string]Tool
	// NoResources and NoPrompts leave out the server's resources and prompts. Zero: they are offered.
	NoResources, NoPrompts bool
	// Policy is that of every tool. A zero Rerun follows the tool's annotations.
	Policy tasks.Policy
	// Sessions bounds how many calls it gets at once; others wait. Zero: 16.
	Sessions int
	// Version tells this description from another one of the same server, since Env and Header cannot be compared: Hub.Change leaves a
	// server alone whose version is the same. Make it a digest where a description may hold a secret. Zero: no two are the same.
	Version string
}

// Tool is what is said of one tool of a server.
type Tool struct {
	// Name is what the tool is called here; the prefix is not added. Zero: the prefix and the server's name for it.
	Name string
	// Description takes the place of the server's. Zero: the server's.
	Description string
	// Policy takes the place of the server's policy. Nil: the server's.
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
