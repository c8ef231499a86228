package server

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/wire"
)

// maxResources is how many resources one stream hears of.
const maxResources = 100

// feed is what a stream hears of resources that change. The zero value hears of none.
type feed struct {
	sub    *store.Subscription // nil: of none
	ticker *time.Ticker
}

// open begins to hear of resources, those of them that a source tells of.
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

// told are the resources whose changes are told, by their sources.
func (x *sources) told(uris []string) map[string][]string {
	told := make(map[string][]string)
	for _, uri := range uris {
		if s := x.ofURI(uri); s != nil && s.Subscribes && !slices.Contains(told[s.Name], uri) {
			told[s.Name] = append(told[s.Name], uri)
		}
	}
	return told
}

// granted are those of the URIs that are heard of, once each.
func (f *feed) granted(uris []string) (granted []string) {
	for _, uri := range uris {
		if f.sub != nil && f.sub.URIs()[uri] && !slices.Contains(granted, uri) {
			granted = append(granted, uri)
		}
	}
	return granted
}

// changes signals that tell has something.
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
	_ = f.sub.Renew(ctx) // the next one mends it
}

// tell sends what changed, on a subscription, or on a session's stream, which has none.
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
