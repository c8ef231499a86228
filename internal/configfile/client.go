package configfile

import (
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
)

var client = object(
	must(at("name", "The client's name as it tells it, or how it begins and a *; * alone stands for all.", clientName, func(c *server.Client) *string { return &c.Name })),
	must(at("hold", "How long its calls stay open before they are answered with a handle.", duration, func(c *server.Client) *time.Duration { return &c.Hold })),
)

var clientName = kind[string]{
	func(v value) (string, error) {
		name, err := v.text()
		switch {
		case err != nil:
			return "", err
		case name == "":
			return "", v.wrong("name is empty: * stands for all clients")
		case len(name) > store.MaxClientName:
			return "", v.wrong("name has %d bytes: use at most %d, and * for the rest", len(name), store.MaxClientName)
		case strings.Contains(strings.TrimSuffix(name, "*"), "*"):
			return "", v.wrong("name %q: * stands for the rest of a name, and can only end it", name)
		}
		return name, nil
	},
	&jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1), MaxLength: jsonschema.Ptr(store.MaxClientName), Pattern: `^[^*]*\*?$`},
}
