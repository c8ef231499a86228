package configfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"

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
	must(at("name", "Tells servers apart, in names of tools and in errors: 1 to 32 letters, digits, - and _.", serverName, func(s *upstreamServer) *string { return &s.Name })),
	at("prefix", "What comes before the names of its tools and prompts. Default: its name and _.", maybe(prefix), func(s *upstreamServer) **string { return &s.Prefix }),
	at("command", "A program that speaks MCP on its stdin and stdout, with its arguments.", listOf(plain), func(s *upstreamServer) *[]string { return &s.Command }),
	at("dir", "Where the program runs; a relative path begins beside this file. Default: beside this file.", text, func(s *upstreamServer) *string { return &s.Dir }),
	at("env", "Variables of the program. ${env:NAME} and ${file:PATH} are looked up at each start.", mapOf(validVariable, referring), func(s *upstreamServer) *map[string]reference.Text { return &s.env }),
	at("pass", "Variables of the worker that the program gets too, besides PATH, HOME and the like.", listOf(variable), func(s *upstreamServer) *[]string { return &s.pass }),
	at("url", "Where the server speaks Streamable HTTP. ${env:NAME} and ${file:PATH} are looked up when this file is read.", referring, func(s *upstreamServer) *reference.Text { return &s.url }),
	at("headers", "Headers of every request to the url. ${env:NAME} and ${file:PATH} are looked up each time.", mapOf(validHeader, headerText), func(s *upstreamServer) *map[string]reference.Text { return &s.headers }),
	at("allow", "Which tools are relayed, by the names that the server uses; * and ? stand for others. Default: all.", listOf(text), func(s *upstreamServer) *[]string { return &s.Allow }),
	at("deny", "Which are not, in the same way.", listOf(text), func(s *upstreamServer) *[]string { return &s.Deny }),
	at("tools", "More about single tools, by the names that the server uses.", mapOf(anyName, upstreamTool), func(s *upstreamServer) *map[string]upstream.Tool { return &s.Tools }),
	at("resources", "Whether its resources are offered. Default: true.", not, func(s *upstreamServer) *bool { return &s.NoResources }),
	at("prompts", "Whether its prompts are offered. Default: true.", not, func(s *upstreamServer) *bool { return &s.NoPrompts }),
	at("policy", "How its tools are run.", policy, func(s *upstreamServer) *tasks.Policy { return &s.Policy }),
	at("sessions", "How many calls it gets at once. Default: 16.", count, func(s *upstreamServer) *int { return &s.Sessions }),
), toServer).checked(validServer)

var upstreamTool = object(
	at("name", "What it is called here, without the prefix. Default: what the server calls it, with the prefix.", toolName, func(t *upstream.Tool) *string { return &t.Name }),
	at("description", "What it says of itself here. Default: what the server says.", text, func(t *upstream.Tool) *string { return &t.Description }),
	at("policy", "How it is run, in the place of the server's policy.", maybe(policy), func(t *upstream.Tool) **tasks.Policy { return &t.Policy }),
)

// not is what the file says the other way round.
var not = as(boolean, func(_ value, b bool) (bool, error) { return !b, nil })

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

// headerText is one that may be a header.
var headerText = as(referring, func(v value, t reference.Text) (reference.Text, error) {
	if !v.Works {
		return t, nil
	}
	if found, err := t.Value(); err == nil && !oneLine(found) {
		return t, v.wrong("%s: %v", v.name, errHeader)
	}
	return t, nil
})

// errHeader does not show the value: it may be a secret.
var errHeader = errors.New("a header is one line, without control characters")

func oneLine(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// plain is a text in which nothing is filled in.
var plain = as(text, func(v value, s string) (string, error) {
	var b strings.Builder
	err := reference.Scan(s, func(s string) { b.WriteString(s) }, func(inside string) error {
		if reference.Is(inside) {
			return fmt.Errorf("${%s}: whoever lists the processes of the machine sees arguments: give it to the program as a variable, in env", inside)
		}
		return fmt.Errorf("${%s}: nothing is filled in here; write $${ for a literal ${", inside)
	})
	if err != nil {
		return s, v.wrong("%s: %v", v.name, err)
	}
	return b.String(), nil
})

// variable is the name of one.
var variable = as(text, func(v value, s string) (string, error) {
	if err := validVariable(s); err != nil {
		return s, v.wrong("%s: %v", v.name, err)
	}
	return s, nil
})

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func validVariable(name string) error {
	if !variableName.MatchString(name) {
		return fmt.Errorf("%q is no name of a variable", name)
	}
	return nil
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// ownHeaders are those that Longhaul sets.
var ownHeaders = []string{"Accept", "Content-Type", "Content-Length", "Host", "Last-Event-Id", "Connection", "Transfer-Encoding"}

func validHeader(name string) error {
	canonical := http.CanonicalHeaderKey(name)
	switch {
	case !headerName.MatchString(name):
		return fmt.Errorf("%q is no name of a header", name)
	case slices.Contains(ownHeaders, canonical) || strings.HasPrefix(canonical, "Mcp-"):
		return fmt.Errorf("%s is set by Longhaul", name)
	}
	return nil
}

// toolName is what a tool may be called.
var toolName = matching(`^[A-Za-z0-9_./-]{1,64}$`, as(text, func(v value, name string) (string, error) {
	if err := validName(name); err != nil {
		return name, v.wrong("%v", err)
	}
	return name, nil
}))

// serverName is what a server may be called.
var serverName = matching(`^[A-Za-z0-9_-]{1,32}$`, as(text, func(v value, name string) (string, error) {
	s := upstream.Server{Name: name, URL: elsewhere}
	if err := s.Validate(); err != nil {
		return name, v.wrong("%v", err)
	}
	return name, nil
}))

// prefix is what the name of a tool may begin with.
var prefix = as(text, func(v value, s string) (string, error) {
	if err := validName(s + "x"); err != nil {
		return s, v.wrong("prefix %q: use letters, digits, and _ - . /, and leave room for names: a tool's has at most 64 of them", s)
	}
	return s, nil
})

func validName(name string) error {
	t := tasks.Tool{Name: name, InputSchema: anyObject}
	return t.Validate()
}

// elsewhere stands for a url that only the process knows that uses it.
const elsewhere = "http://elsewhere.invalid"

func toServer(v value, s upstreamServer) (upstream.Server, error) {
	if len(s.Command) > 0 {
		s.Dir = v.beside(s.Dir)
		v.present(s.Dir)
	}
	if s.env != nil || s.pass != nil {
		s.Env = environment(s.env, s.pass)
	}
	if s.headers != nil {
		s.Header = header(s.headers)
	}
	s.URL = elsewhere
	if v.Works || !s.url.Refers() {
		s.URL, _ = s.url.Value() // what is wrong with it is told by referring
	}
	s.Version = version(v.node.String() + " " + s.URL) // what env and headers refer to is looked up at each use
	return s.Server, nil
}

// version tells descriptions apart without keeping them: a secret may stand in one.
func version(description string) string {
	sum := sha256.Sum256([]byte(description))
	return hex.EncodeToString(sum[:])
}

// beside is a path that begins where the file is.
func (s *source) beside(path string) string {
	return under(s.base, path)
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
			if err == nil && !oneLine(found) {
				err = fmt.Errorf("%s: %w", name, errHeader)
			}
			h.Set(name, found)
			errs = append(errs, err)
		}
		return h, errors.Join(errs...)
	}
}
