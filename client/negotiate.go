package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// Revisions before 2026-07-28, which have sessions, newest first.
var legacyRevisions = []string{"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"}

// Revisions returns the revisions of the protocol that this client speaks, newest first.
func Revisions() []string { return append([]string{wire.V20260728}, legacyRevisions...) }

func isModern(revision string) bool { return revision >= wire.V20260728 }

// negotiate asks what the server speaks. Servers from before 2026-07-28 do not know the question.
func (c *Client) negotiate(ctx context.Context) error {
	switch pinned := c.opts.Revision; {
	case pinned == "":
	case pinned == wire.V20260728:
	case slices.Contains(legacyRevisions, pinned):
		return c.initialize(ctx, pinned)
	default:
		return fmt.Errorf("revision %q is none that this client speaks", pinned)
	}
	legacy, err := c.discover(ctx)
	if err == nil || legacy == "" {
		return err
	}
	if c.opts.Revision != "" {
		return fmt.Errorf("the server does not speak %s: %w", c.opts.Revision, err)
	}
	return c.initialize(ctx, legacy)
}

// discover asks as 2026-07-28 does. With an error it returns the earlier revision to try, if there may be one.
func (c *Client) discover(ctx context.Context) (legacy string, err error) {
	c.server.Store(&Server{Revision: wire.V20260728})
	raw, err := c.greet(ctx, &request{method: wire.MethodServerDiscover, limit: quick})
	if err != nil {
		return legacyAfter(err), err
	}
	var found struct {
		Supported    []string `json:"supportedVersions"`
		Capabilities struct {
			Extensions map[string]json.RawMessage `json:"extensions"`
			features
		} `json:"capabilities"`
		Instructions string   `json:"instructions"`
		ServerInfo   *program `json:"serverInfo"`
		Meta         struct {
			ServerInfo *program `json:"io.modelcontextprotocol/serverInfo"`
		} `json:"_meta"`
	}
	if err := tasks.Unmarshal(raw, &found); err != nil {
		return "", fmt.Errorf("server/discover: %w", err)
	}
	if len(found.Supported) > 0 && !slices.Contains(found.Supported, wire.V20260728) {
		return common(found.Supported), fmt.Errorf("the server speaks only %q", found.Supported)
	}
	about := Server{Revision: wire.V20260728, Instructions: found.Instructions}
	_, about.Tasks = found.Capabilities.Extensions[wire.TasksExtension]
	about.have(found.Capabilities.features)
	for _, info := range []*program{found.ServerInfo, found.Meta.ServerInfo} {
		if info != nil {
			about.Name, about.Version = info.Name, info.Version
		}
	}
	c.server.Store(&about)
	return "", nil
}

// features are the capabilities that every revision declares alike.
type features struct {
	Resources *struct {
		Subscribe bool `json:"subscribe"`
	} `json:"resources"`
	Prompts     *struct{} `json:"prompts"`
	Completions *struct{} `json:"completions"`
}

func (s *Server) have(f features) {
	s.Resources, s.Prompts, s.Completes = f.Resources != nil, f.Prompts != nil, f.Completions != nil
	s.Subscribes = s.Resources && f.Resources.Subscribe
}

type program struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// legacyAfter returns the revision to try after a server refused the newest one: none if it refused for another reason.
func legacyAfter(err error) string {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || passes(err) || e.HTTP == http.StatusUnauthorized || e.HTTP == http.StatusForbidden:
		return ""
	case e.Code == wire.CodeUnsupportedVersion && len(e.advice().Supported) > 0:
		return common(e.advice().Supported)
	}
	return legacyRevisions[0]
}

// common returns the newest of the server's revisions that we speak, or none.
func common(supported []string) string {
	for _, revision := range legacyRevisions {
		if slices.Contains(supported, revision) {
			return revision
		}
	}
	return ""
}

// greet sends the first request to a server. If none is there it does not wait for one: the address may be wrong.
func (c *Client) greet(ctx context.Context, r *request) (json.RawMessage, error) {
	b := backoff{patience: c.opts.Patience}
	for {
		raw, err := c.send(ctx, r)
		if err == nil || !passes(err) || ctx.Err() != nil {
			return raw, err
		}
		if _, answered := errors.AsType[*Error](err); !answered {
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		if err := b.wait(ctx, err); err != nil {
			return nil, err
		}
	}
}

// initialize opens a session as earlier revisions do.
func (c *Client) initialize(ctx context.Context, revision string) error {
	c.server.Store(&Server{Revision: revision})
	raw, err := c.greet(ctx, &request{method: wire.MethodInitialize, limit: quick, params: object{
		"protocolVersion": revision, "clientInfo": c.about(), "capabilities": c.legacyCapabilities(revision),
	}})
	if err != nil {
		return err
	}
	var found struct {
		Version      string  `json:"protocolVersion"`
		ServerInfo   program `json:"serverInfo"`
		Instructions string  `json:"instructions"`
		Capabilities struct {
			features
			Logging *struct{} `json:"logging"`
			Tasks   struct {
				List     *struct{} `json:"list"`
				Requests struct {
					Tools struct {
						Call *struct{} `json:"call"`
					} `json:"tools"`
				} `json:"requests"`
			} `json:"tasks"`
		} `json:"capabilities"`
	}
	if err := tasks.Unmarshal(raw, &found); err != nil {
		return fmt.Errorf("initialize: %w", err)
	}
	if !slices.Contains(legacyRevisions, found.Version) {
		return fmt.Errorf("the server speaks %q, which this client does not", found.Version)
	}
	takes := found.Capabilities.Tasks.Requests.Tools.Call != nil
	about := Server{
		Name: found.ServerInfo.Name, Version: found.ServerInfo.Version, Instructions: found.Instructions, Revision: found.Version, Tasks: takes,
		legacyTasks: takes,
		legacyList:  found.Capabilities.Tasks.List != nil,
	}
	about.have(found.Capabilities.features)
	c.server.Store(&about)
	if err := c.notify(ctx, wire.NoticeInitialized, nil); err != nil || c.opts.Log == nil || found.Capabilities.Logging == nil {
		return err
	}
	return c.wantLog(ctx)
}

// capabilities returns what a request of 2026-07-28 declares.
func (c *Client) capabilities(r *request) object {
	if r.bare {
		return object{}
	}
	kinds := c.opts.Answers
	if r.answers != nil {
		kinds = *r.answers
	}
	caps := asks(kinds)
	caps["extensions"] = object{wire.TasksExtension: object{}}
	return caps
}

// legacyCapabilities returns what a session declares. Before 2025-11-25 there are no tasks, so nobody could answer in our stead.
func (c *Client) legacyCapabilities(revision string) object {
	if c.opts.Answer == nil && revision < wire.V20251125 {
		return object{}
	}
	return asks(c.opts.Answers)
}

func asks(kinds tasks.Capabilities) object {
	caps, elicitation := object{}, object{}
	for _, kind := range kinds {
		switch kind {
		case tasks.CanFillForms, tasks.CanVisit:
			elicitation[string(kind)] = object{}
			caps["elicitation"] = elicitation
		default:
			caps[string(kind)] = object{}
		}
	}
	return caps
}
