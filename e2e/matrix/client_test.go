package matrix

import (
	"slices"
	"strings"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

// client is a client of one kind.
type client interface {
	// begin calls a tool. meta goes into the request's _meta.
	begin(tool string, arguments, meta rig.Object) call
}

// call is one call of a tool, and what follows from it. Its methods fail the test when they cannot do what they say.
type call interface {
	at() string   // the server whose stream the client reads
	moves()       // waits until the client sees its task get on
	handed()      // waits until the client has something by which it can ask for the result
	cancel()      // says that the work should stop, as this kind of client does
	drop()        // breaks the stream
	comeBack()    // goes on, after the stream broke or its server died
	end() outcome // waits for the end, and answers what the tool asks
}

// outcome is what a client ends up with.
type outcome struct {
	means     []string    // what got it there, if not the call's own answer
	result    *rig.Result // nil: none came
	cancelled bool        // it was told that its task is cancelled
}

// word is what the README's table says of the outcome.
func (o outcome) word() string {
	end := "nothing"
	switch {
	case o.cancelled:
		end = "cancelled"
	case o.result != nil && o.result.IsError:
		end = "error"
	case o.result != nil:
		end = "result"
	}
	return strings.Join(append(slices.Clone(o.means), end), ", ")
}

// accepted is how every client answers the question of the asking tool.
var accepted = rig.Object{"action": "accept", "content": rig.Object{"name": "Ada"}}
