package upstream

import (
	"crypto/sha256"
	"log/slog"
	"sync"
	"sync/atomic"
)

// offering is what a server is known to have, and how much of it is registered.
type offering struct {
	poked    chan struct{} // gets one when it may have changed
	readable atomic.Bool   // its resources are

	refreshing sync.Mutex // held while the server is asked for it

	registering sync.Mutex         // held while what is listed is registered. It guards:
	known       *listing           // what was last listed; nil: nothing
	inherits    bool               // known is what another description of the server had listed
	mirrored    *[sha256.Size]byte // the source that is registered; nil: none

	mu     sync.Mutex
	tools  map[string]bool // that are relayed, by the server's own names
	listed bool            // they are known
	whole  bool            // so is what else it has
	age    int             // counts changes of the tools
	told   string          // what was wrong with the lists
	teller *pipe           // of a list that has changed; nil: it was looked at
}

func newOffering() offering {
	return offering{poked: make(chan struct{}, 1), tools: make(map[string]bool)}
}

// poke has the lists looked at soon.
func (o *offering) poke() {
	select {
	case o.poked <- struct{}{}:
	default:
	}
}

// hear has the lists looked at soon, with the program that told that they have changed.
func (o *offering) hear(p *pipe) {
	o.mu.Lock()
	o.teller = p
	o.mu.Unlock()
	o.poke()
}

// whoTold is the program that last told that its lists have changed. Nil: nobody has since it was last asked.
func (o *offering) whoTold() *pipe {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.teller
	o.teller = nil
	return p
}

// inherit takes over what another description of the server had listed.
func (o *offering) inherit(old *offering) {
	old.registering.Lock()
	defer old.registering.Unlock()
	o.known, o.inherits = old.known, true
	if old.mirrored != nil {
		o.mirrored = new([sha256.Size]byte) // there is one, which asks the old server
	}
}

// promise notes a tool ahead of the others: as soon as it is registered it may be called.
func (o *offering) promise(tool string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tools[tool] = true
}

// offer takes note of the tools that there are now. Sessions that know other ones ask again.
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

// listAge is how often the tools have changed.
func (o *offering) listAge() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.age
}

// listedNow takes note that the server itself has listed what it has.
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

// summary is how many tools are relayed, and what is wrong with the lists.
func (o *offering) summary() (tools int, warnings string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.tools), o.told
}
