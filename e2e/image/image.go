package image

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// Image is what one build of a worker would hold.
type Image struct {
	Name   string `json:"name"`
	Tools  []Tool `json:"tools"`
	Ledger string `json:"ledger"` // file that its attempts are written to
}

// Tool is a tool of an image: how it is listed and run, and which of the fixture's behaviours it has.
type Tool struct {
	tasks.Tool
	Does Behaviour `json:"does"`
}

// Behaviour is what a fixture tool does.
type Behaviour string

// The behaviours.
const (
	Echo  Behaviour = "echo"  // answers at once with an Echoed
	Sleep Behaviour = "sleep" // {"ms": n}: reports progress until the time is over, then answers as Echo
	Hold  Behaviour = "hold"  // {"gate": file}: until there is such a file, then answers as Echo
	Climb Behaviour = "climb" // {"gate": file}: reports progress until there is such a file, then answers as Echo
	Ask   Behaviour = "ask"   // asks for a name, answers "hello NAME"
	Fail  Behaviour = "fail"  // returns an error
	Panic Behaviour = "panic" // panics

	Interview Behaviour = "interview" // asks a form, a visit and a sample at once, answers with all that it was told
	Count     Behaviour = "count"     // {"units": n, "ms": each}: works unit by unit, and checkpoints after each; a step before, a long message after

	// Tally {"units": n, "ms": each}: a checkpoint after each unit and a step every few; the ledger has who wrote what is found again.
	Tally Behaviour = "tally"
	// Leave {"bytes": n, "gate": file}: leaves an artifact of n bytes, waits for the file if one is named, and answers with a long text.
	Leave Behaviour = "leave"
	// Survey asks one question, then two at once, and answers with what it was told, by key.
	Survey Behaviour = "survey"
	// Flaky {"good": n, "afterMs": ms, "permanent": bool}: fails before its n-th attempt, asking for a pause or for no other attempt.
	Flaky Behaviour = "flaky"
	// Deaf {"ms": n}: until the time is over, whatever becomes of its context, then answers as Echo.
	Deaf Behaviour = "deaf"
)

// Steps is how many units a Tally tool counts between two steps.
const Steps = 3

// Questions are what a Survey tool asks, in order; the last two at once. The last has a limit: after that the answer is Silence.
var Questions = []string{"name", "colour", "size"}

// What counts when the last question of a Survey tool is not answered, and after what time.
const (
	Silence = "nobody said"
	Limit   = 4 * time.Second
)

// Echoed is what most fixture tools answer.
type Echoed struct {
	Image     string          `json:"image"`
	PID       int             `json:"pid"`
	Attempt   int             `json:"attempt"`
	StartedNs int64           `json:"startedNs"` // when the handler started, Unix time
	Arguments json.RawMessage `json:"arguments"`
}

const variable = "FIXTURE_IMAGE"

// Env is the environment variable that makes the fixture this image.
func (im Image) Env() string {
	b, err := json.Marshal(im)
	if err != nil {
		panic(fmt.Sprintf("image %s: %v", im.Name, err)) // only a schema that is not JSON
	}
	return variable + "=" + string(b)
}

// FromEnv is the image that this process is to be.
func FromEnv() (Image, error) {
	var im Image
	if err := json.Unmarshal([]byte(os.Getenv(variable)), &im); err != nil {
		return im, fmt.Errorf("%s: %w", variable, err)
	}
	return im, nil
}
