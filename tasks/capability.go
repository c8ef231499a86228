package tasks

import (
	"slices"
	"strings"
)

// Capability is one thing the client that created a task can do. They are stored with the task.
type Capability string

// The capabilities that matter to a task.
const (
	CanFillForms Capability = "form"
	CanVisit     Capability = "url"
	CanSample    Capability = "sampling"
	CanListRoots Capability = "roots"
)

// Capabilities is the set that a client declared, in a fixed order.
type Capabilities []Capability

// Has reports whether the client can do c.
func (cs Capabilities) Has(c Capability) bool { return slices.Contains(cs, c) }

// String is the form in which a record keeps them: "form,sampling".
func (cs Capabilities) String() string {
	parts := make([]string, len(cs))
	for i, c := range cs {
		parts[i] = string(c)
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// ParseCapabilities is the inverse of String.
func ParseCapabilities(s string) Capabilities {
	var cs Capabilities
	for part := range strings.SplitSeq(s, ",") {
		if part != "" {
			cs = append(cs, Capability(part))
		}
	}
	return cs
}
