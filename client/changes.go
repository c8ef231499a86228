package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
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
	ctx, alive, leave := whileHeard(ctx, silence)
	defer leave(nil)
	r := &request{
		method: wire.MethodSubscriptionsListen, params: object{"notifications": ListsChanged},
		alive: alive,
		notice: func(m message) {
			switch {
			case TellsOfLists(m.Method), m.Method == wire.NoticeSubscriptionsAcknowledged && grantsLists(m.Params):
				changed()
			case m.Method == wire.NoticeSubscriptionsAcknowledged:
				leave(ErrNoWatch)
			}
		},
	}
	var err error
	if c.modern() {
		_, err = c.send(ctx, r)
	} else {
		err = c.watchSession(ctx, r, func() error { changed(); return nil })
	}
	return watched(ctx, err)
}

// watched returns how a watch ended: with its context, or with an error. Nil: the stream ended.
func watched(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errSilence): // a dead stream looks like a quiet one
		return nil
	case cause != nil:
		return cause
	case hasCode(err, wire.CodeMethodNotFound, wire.CodeInvalidParams), hasHTTP(err, http.StatusMethodNotAllowed, http.StatusNotFound):
		return errors.Join(ErrNoWatch, err)
	}
	return err
}

func grantsLists(params json.RawMessage) bool {
	var granted struct {
		Notifications struct {
			Tools     bool `json:"toolsListChanged"`
			Resources bool `json:"resourcesListChanged"`
			Prompts   bool `json:"promptsListChanged"`
		} `json:"notifications"`
	}
	n := &granted.Notifications
	return json.Unmarshal(params, &granted) == nil && (n.Tools || n.Resources || n.Prompts)
}

func hasHTTP(err error, statuses ...int) bool {
	e, ok := errors.AsType[*Error](err)
	for _, status := range statuses {
		if ok && e.HTTP == status {
			return true
		}
	}
	return false
}

// watchSession watches on the session's own stream, the one of no request, as earlier revisions have it. It calls begin once that is open.
func (c *Client) watchSession(ctx context.Context, r *request, begin func() error) error {
	s, err := c.openStream(ctx, c.sessionID(), "")
	if err != nil {
		return err
	}
	defer s.close()
	asks := newAsking(ctx, c, nil)
	defer asks.end()
	s.alive = r.alive
	if err := begin(); err != nil {
		return err
	}
	for {
		m, err := s.next()
		switch {
		case err != nil:
			return err
		case m.Method != "" && len(m.ID) > 0:
			asks.take(m, false)
		default:
			r.notice(m)
		}
	}
}
