package configfile

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/reference"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// upstreamServer is an entry of servers as it stands in the file.
type upstreamServer struct {
	upstream.Server
	url     reference.Text
	env     map[string]reference.Text
	pass    []string
	headers map[string]reference.Text
}

var mcpServer = as(object(
	must(at("name", "Tells servers apart, in names of tools and in errors: 1 to 32 letters, digits, - and _.", text, func(s *upstreamServer) *string { return &s.Name })),
	at("prefix", "What comes before the names of its tools. Default: its name and _.", maybe(text), func(s *upstreamServer) **string { return &s.Prefix }),
	at("command", "A program that speaks MCP on its stdin and stdout, with its arguments.", listOf(text), func(s *upstreamServer) *[]string { return &s.Command }),
	at("dir", "Where the program runs; a relative path begins beside this file. Default: beside this file.", text, func(s *upstreamServer) *string { return &s.Dir }),
	at("env", "Variables of the program. ${env:NAME} and ${file:PATH} are looked up at each start.", mapOf(referring), func(s *upstreamServer) *map[string]reference.Text { return &s.env }),
	at("pass", "Variables of the worker that the program gets too, besides PATH, HOME and the like.", listOf(text), func(s *upstreamServer) *[]string { return &s.pass }),
	at("url", "Where the server speaks Streamable HTTP. ${env:NAME} and ${file:PATH} are looked up when this file is read.", referring, func(s *upstreamServer) *reference.Text { return &s.url }),
	at("headers", "Headers of every request to the url. ${env:NAME} and ${file:PATH} are looked up each time.", mapOf(referring), func(s *upstreamServer) *map[string]reference.Text { return &s.headers }),
	at("allow", "Which tools are relayed, by the names that the server uses; * and ? stand for others. Default: all.", listOf(text), func(s *upstreamServer) *[]string { return &s.Allow }),
	at("deny", "Which are not, in the same way.", listOf(text), func(s *upstreamServer) *[]string { return &s.Deny }),
	at("tools", "More about single tools, by the names that the server uses.", mapOf(upstreamTool), func(s *upstreamServer) *map[string]upstream.Tool { return &s.Tools }),
	at("policy", "How its tools are run.", policy, func(s *upstreamServer) *tasks.Policy { return &s.Policy }),
	at("sessions", "How many calls it gets at once. Default: 16.", count, func(s *upstreamServer) *int { return &s.Sessions }),
), toServer).checked(validServer)

var upstreamTool = object(
	at("name", "What it is called here, without the prefix. Default: what the server calls it, with the prefix.", text, func(t *upstream.Tool) *string { return &t.Name }),
	at("description", "What it says of itself here. Default: what the server says.", text, func(t *upstream.Tool) *string { return &t.Description }),
	at("policy", "How it is run, in the place of the server's policy.", maybe(policy), func(t *upstream.Tool) **tasks.Policy { return &t.Policy }),
)

// referring is a text that may refer to variables and files. Where it is used they have to be there already.
var referring = as(text, func(v value, s string) (reference.Text, error) {
	t, err := reference.Parse(s, v.base)
	if err == nil && v.Works {
		_, err = t.Value()
	}
	if err != nil {
		return t, v.wrong("%s: %v", v.name, err)
	}
	return t, nil
})

// elsewhere stands for a url that only the process knows that uses it.
const elsewhere = "http://elsewhere.invalid"

func toServer(v value, s upstreamServer) (upstream.Server, error) {
	if len(s.Command) > 0 {
		s.Dir = v.beside(s.Dir)
	}
	if s.env != nil || s.pass != nil {
		s.Env = environment(s.env, s.pass)
	}
	if s.headers != nil {
		s.Header = header(s.headers)
	}
	s.URL = elsewhere
	if v.Works || !s.url.Refers() {
		s.URL, _ = s.url.Value() //nolint:errcheck // told by referring
	}
	return s.Server, nil
}

// beside is a path that begins where the file is.
func (s *source) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(s.base, path)
}

func validServer(_ value, s upstream.Server) error {
	s.Policy, s.Tools = tasks.Policy{}, nil // checked by themselves
	return s.Validate()
}

func environment(env map[string]reference.Text, pass []string) func(context.Context) ([]string, error) {
	return func(context.Context) ([]string, error) {
		var list []string
		var errs []error
		for _, name := range pass {
			if found, ok := os.LookupEnv(name); ok {
				list = append(list, name+"="+found)
			}
		}
		for name, t := range env {
			found, err := t.Value()
			list, errs = append(list, name+"="+found), append(errs, err)
		}
		slices.Sort(list)
		return list, errors.Join(errs...)
	}
}

func header(headers map[string]reference.Text) func(context.Context) (http.Header, error) {
	return func(context.Context) (http.Header, error) {
		h := make(http.Header)
		var errs []error
		for name, t := range headers {
			found, err := t.Value()
			h.Set(name, found)
			errs = append(errs, err)
		}
		return h, errors.Join(errs...)
	}
}
