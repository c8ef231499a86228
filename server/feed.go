package server

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/wire"
)

// maxResources is how many resources one stream may hear of.
const maxResources = 100

// feed tells a stream of resources that change. The zero value tells of none.
type feed struct {
	sub    *store.Subscription // nil: of none
	ticker *time.Ticker
}

// open subscribes to those of the resources whose source tells of changes.
func (f *feed) open(ctx context.Context, s *Server, x *sources, uris []string) error {
	told := x.told(uris)
	if len(told) == 0 {
		return nil
	}
	ctx, cancel := brief(ctx)
	defer cancel()
	sub, err := s.opts.Watcher.Subscribe(ctx, told)
	if err != nil {
		return err
	}
	f.sub, f.ticker = sub, time.NewTicker(store.WantEvery)
	return nil
}

// told returns the resources whose sources tell of changes, by source.
func (x *sources) told(uris []string) map[string][]string {
	told := make(map[string][]string)
	for _, uri := range uris {
		if s := x.ofURI(uri); s != nil && s.Subscribes && !slices.Contains(told[s.Name], uri) {
			told[s.Name] = append(told[s.Name], uri)
		}
	}
	return told
}

// granted returns those of the URIs that the feed tells of, each once.
func (f *feed) granted(uris []string) (granted []string) {
	for _, uri := range uris {
		if f.sub != nil && f.sub.URIs()[uri] && !slices.Contains(granted, uri) {
			granted = append(granted, uri)
		}
	}
	return granted
}

// changes signals that tell has something to send.
func (f *feed) changes() <-chan struct{} {
	if f.sub == nil {
		return nil
	}
	return f.sub.C
}

// due signals that it is time to renew.
func (f *feed) due() <-chan time.Time {
	if f.sub == nil {
		return nil
	}
	return f.ticker.C
}

func (f *feed) renew(ctx context.Context) {
	ctx, cancel := brief(ctx)
	defer cancel()
	_ = f.sub.Renew(ctx) // if that fails the next one will do
}

// tell sends what changed: for a subscription, or, if that is nil, on a session's stream.
func (f *feed) tell(out *stream, subscription json.RawMessage) error {
	if f.sub == nil {
		return nil
	}
	for _, uri := range f.sub.Changed() {
		if err := out.send(wire.ResourceUpdated(uri, subscription)); err != nil {
			return err
		}
	}
	return nil
}

func (f *feed) close() {
	if f.sub != nil {
		f.ticker.Stop()
		f.sub.Close()
		f.sub = nil
	}
}
