package wire

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// The members of _meta that requests and results carry.
const (
	MetaVersion      = "io.modelcontextprotocol/protocolVersion"
	MetaClientInfo   = "io.modelcontextprotocol/clientInfo"
	MetaCapabilities = "io.modelcontextprotocol/clientCapabilities"
	MetaLogLevel     = "io.modelcontextprotocol/logLevel"
	MetaServerInfo   = "io.modelcontextprotocol/serverInfo"
	MetaSubscription = "io.modelcontextprotocol/subscriptionId"
	MetaPrefix       = "dev.longhaul/" // of those that are Longhaul's own
	MetaProgress     = MetaPrefix + "progress"
	MetaAttempts     = MetaPrefix + "attempts"
	MetaKey          = MetaPrefix + "idempotency-key"
	MetaStart        = MetaPrefix + "start-at"
	metaSize         = MetaPrefix + "size" // of a resource, all of it
	metaNext         = MetaPrefix + "next" // the URI of the part of a resource that follows
	metaToken        = "progressToken"
)

// TasksExtension is the identifier of the Tasks extension.
const TasksExtension = "io.modelcontextprotocol/tasks"

// Meta is what a request says about itself. Members that every revision has are zero where they are absent.
type Meta struct {
	Version      string // empty before 2026-07-28
	Client       string // its name; empty before 2026-07-28
	Capabilities *ClientCapabilities
	LogLevel     Level           // empty: no log messages are wanted
	Token        json.RawMessage // progressToken as it was written; nil: no progress is wanted
	Key          string          // idempotency key
	StartAt      time.Time       // zero: at once
}

// ClientCapabilities is what a client can do, as far as it matters to a task.
type ClientCapabilities struct {
	Tasks bool
	Asks  tasks.Capabilities
}

// MaxKey is how many bytes an idempotency key may have.
const MaxKey = 256

// DecodeMeta reads the _meta of a request's params. What is wrong with it is an *Error; Version is then still right.
func DecodeMeta(params Object) (Meta, error) {
	var m Meta
	o, ok := params.Object("_meta")
	if !ok {
		return m, invalidMeta("_meta", "is not an object")
	}
	if m.Version, ok = o.Text(MetaVersion); !ok && o.Has(MetaVersion) {
		return m, invalidMeta(MetaVersion, "is not a string")
	}
	if err := m.decodeClient(o); err != nil {
		return m, err
	}
	if err := m.decodeLevel(o); err != nil {
		return m, err
	}
	if err := m.decodeToken(o); err != nil {
		return m, err
	}
	if err := m.decodeKey(o); err != nil {
		return m, err
	}
	return m, m.decodeStart(o)
}

func (m *Meta) decodeClient(o Object) error {
	info, ok := o.Object(MetaClientInfo)
	name, named := info.Text("name")
	_, versioned := info.Text("version")
	if !ok || o.Has(MetaClientInfo) && !(named && versioned) {
		return invalidMeta(MetaClientInfo, "is not {name, version}")
	}
	m.Client = name
	if !o.Has(MetaCapabilities) {
		return nil
	}
	caps, ok := o.Object(MetaCapabilities)
	if !ok {
		return invalidMeta(MetaCapabilities, "is not an object")
	}
	var err error
	m.Capabilities, err = decodeCapabilities(caps)
	return err
}

func decodeCapabilities(o Object) (*ClientCapabilities, error) {
	var c ClientCapabilities
	extensions, ok := o.Object("extensions")
	elicitation, ok2 := o.Object("elicitation")
	if !ok || !ok2 {
		return nil, invalidMeta(MetaCapabilities, "is malformed")
	}
	c.Tasks = extensions.Has(TasksExtension)
	// An empty elicitation capability means form mode (client/elicitation, Capabilities).
	if elicitation.Has("form") || o.Has("elicitation") && !elicitation.Has("url") {
		c.Asks = append(c.Asks, tasks.CanFillForms)
	}
	if elicitation.Has("url") {
		c.Asks = append(c.Asks, tasks.CanVisit)
	}
	if o.Has("sampling") {
		c.Asks = append(c.Asks, tasks.CanSample)
	}
	if o.Has("roots") {
		c.Asks = append(c.Asks, tasks.CanListRoots)
	}
	return &c, nil
}

func (m *Meta) decodeLevel(o Object) error {
	if !o.Has(MetaLogLevel) {
		return nil
	}
	level, ok := o.Text(MetaLogLevel)
	if m.LogLevel = Level(level); !ok || !m.LogLevel.valid() {
		m.LogLevel = ""
		return invalidMeta(MetaLogLevel, "is not a log level")
	}
	return nil
}

func (m *Meta) decodeToken(o Object) error {
	if !o.Has(metaToken) {
		return nil
	}
	if !scalar(o[metaToken]) { // an integer, says 2026-07-28; any number, say earlier schemas
		return invalidMeta(metaToken, "is neither a string nor a number")
	}
	m.Token = o[metaToken]
	return nil
}

func (m *Meta) decodeKey(o Object) error {
	if !o.Has(MetaKey) {
		return nil
	}
	key, ok := o.Text(MetaKey)
	if !ok || key == "" || len(key) > MaxKey {
		return invalidMeta(MetaKey, fmt.Sprintf("is not a string of 1 to %d bytes", MaxKey))
	}
	m.Key = key
	return nil
}

func (m *Meta) decodeStart(o Object) error {
	if !o.Has(MetaStart) {
		return nil
	}
	text, _ := o.Text(MetaStart)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return invalidMeta(MetaStart, "is not a time such as 2026-12-24T18:00:00Z")
	}
	m.StartAt = at
	return nil
}

func invalidMeta(member, what string) error {
	return &Error{Code: CodeInvalidParams, Message: fmt.Sprintf("_meta field %q %s", member, what)}
}

// CapabilitiesOf is how a client declares the kinds of question that it answers.
func CapabilitiesOf(kinds ...tasks.Capability) map[string]any {
	type set = map[string]any
	caps, elicitation := set{}, set{}
	for _, k := range kinds {
		switch k {
		case tasks.CanFillForms, tasks.CanVisit:
			elicitation[string(k)] = set{}
			caps["elicitation"] = elicitation
		default:
			caps[string(k)] = set{}
		}
	}
	return caps
}

// RequiredCapabilities is the data of a CodeMissingCapability error: the client capabilities that answering would take.
func RequiredCapabilities(tasksExtension bool, kinds ...tasks.Capability) any {
	caps := CapabilitiesOf(kinds...)
	if tasksExtension {
		caps["extensions"] = map[string]any{TasksExtension: struct{}{}}
	}
	return map[string]any{"requiredCapabilities": caps}
}
