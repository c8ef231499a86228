package upstream

import (
	"crypto/sha256"
	"log/slog"
	"sync"
	"sync/atomic"
)

// offering is what a server is known to have, and how much of it is registered.
type offering struct {
	poked    chan struct{} // gets one when the lists may have changed
	readable atomic.Bool   // whether its resources can be read here

	refreshing sync.Mutex // held while the server is asked for its lists

	registering sync.Mutex         // held while what is listed is registered. It guards:
	known       *listing           // what was last listed; nil: nothing
	inherits    bool               // known was listed under an earlier description of the server
	mirrored    *[sha256.Size]byte // the source that is registered; nil: none

	mu     sync.Mutex
	tools  map[string]bool // those that are relayed, by the server's own names
	listed bool            // the server has listed its tools
	whole  bool            // and its resources and prompts
	age    int             // counts changes of the tools
	told   string          // the warning that was logged last
	teller *pipe           // the program that told of a changed list; nil: none since the last look
}

func newOffering() offering {
	return offering{poked: make(chan struct{}, 1), tools: make(map[string]bool)}
}

// poke has the lists asked for soon.
func (o *offering) poke() {
	select {
	case o.poked <- struct{}{}:
	default:
	}
}

// hear has the lists asked for soon, from the program that told that they have changed.
func (o *offering) hear(p *pipe) {
	o.mu.Lock()
	o.teller = p
	o.mu.Unlock()
	o.poke()
}

// whoTold returns the program that last told of a changed list, and forgets it. Nil: none has told since the last look.
func (o *offering) whoTold() *pipe {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.teller
	o.teller = nil
	return p
}

// inherit takes over what was listed under an earlier description of the server.
func (o *offering) inherit(old *offering) {
	old.registering.Lock()
	defer old.registering.Unlock()
	o.known, o.inherits = old.known, true
	if old.mirrored != nil {
		o.mirrored = new([sha256.Size]byte) // a source is registered, but it asks the old server: any other digest replaces it
	}
}

// promise notes a tool just before it is registered, from when on it may be called.
func (o *offering) promise(tool string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tools[tool] = true
}

// offer notes the tools that there are now. If they changed, sessions list them anew before their next call.
func (o *offering) offer(tools map[string]bool, changed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tools = tools
	if changed {
		o.age++
	}
}

func (o *offering) has(tool string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tools[tool]
}

// listAge is how often the tools have changed: it tells a session whether the list that it knows is the current one.
func (o *offering) listAge() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.age
}

// listedNow notes that the server itself has listed its tools and, if whole, all else. It reports whether that was the first time.
func (o *offering) listedNow(whole bool) (first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first = !o.listed
	o.listed, o.whole = true, whole
	return first
}

func (o *offering) isListed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.listed && o.whole
}

// warn logs what is wrong with the lists, once.
func (o *offering) warn(log *slog.Logger, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != o.told && text != "" {
		log.Warn("upstream server", "err", err)
	}
	o.told = text
}

// summary returns how many tools are relayed, and what is wrong with the lists.
func (o *offering) summary() (tools int, warnings string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.tools), o.told
}
