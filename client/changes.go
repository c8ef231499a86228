package client

import (
	"context"
	"errors"
	"slices"

	"github.com/longhaul-mcp/longhaul/wire"
)

// ErrNoWatch: the server does not tell of changes.
var ErrNoWatch = errors.New("this server does not tell of changes")

// listsChanged are the notifications of a changed list.
var listsChanged = []string{"notifications/tools/list_changed", "notifications/resources/list_changed", "notifications/prompts/list_changed"}

// ListsChanged subscribes, as 2026-07-28 has it, to all lists that a server may have. It grants those that it has.
var ListsChanged = map[string]any{"toolsListChanged": true, "resourcesListChanged": true, "promptsListChanged": true}

// TellsOfLists reports whether a notification is about a list that has changed.
func TellsOfLists(method string) bool { return slices.Contains(listsChanged, method) }

// WatchLists calls changed when the server says that its list of tools, resources or prompts has changed, and once at first, as soon as
// nothing can be missed any more. It returns when ctx ends or the stream does: what happens until the next one is open may be missed.
func (c *Client) WatchLists(ctx context.Context, changed func()) error {
	_, err := c.hear(ctx, &subscription{
		filter: ListsChanged, tells: TellsOfLists, quiet: silence,
		grants: func(a acknowledgement) bool { return a.Tools || a.Resources || a.Prompts },
	}, changed)
	return err
}

// WatchResource calls changed when the server says that a resource, or a part of it, has changed, and once at first, as soon as nothing can be
// missed any more. It returns when ctx ends or the stream does: what happens until the next one is open may be missed. A stream that was silent
// for long is replaced, and changed is called: it may have been quiet or dead, and reading once too often is better than never hearing of a
// change. Before 2026-07-28 it has to be the only watch on its session.
func (c *Client) WatchResource(ctx context.Context, uri string, changed func()) error {
	for {
		silent, err := c.hear(ctx, &subscription{
			filter: object{"resourceSubscriptions": []string{uri}}, uri: uri, quiet: quietFor,
			tells:  func(method string) bool { return method == wire.NoticeResourcesUpdated },
			grants: func(a acknowledgement) bool { return slices.Contains(a.URIs, uri) },
		}, changed)
		if !silent {
			return err
		}
	}
}
