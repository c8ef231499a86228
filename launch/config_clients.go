package launch

import (
	"strings"

	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/store"
)

// client reads an entry of clients.
func (c *config) client(v value) error {
	var entry server.Client
	err := v.object(members{
		"name": func(v value) (err error) {
			if entry.Name, err = v.text(); err != nil {
				return err
			}
			return c.checkName(v, entry.Name)
		},
		"hold": func(v value) (err error) {
			entry.Hold, err = v.duration()
			return err
		},
	}, "name", "hold")
	c.clients = append(c.clients, entry)
	return err
}

func (c *config) checkName(v value, name string) error {
	switch {
	case name == "":
		return v.wrong("name is empty: * stands for all clients")
	case len(name) > store.MaxClientName:
		return v.wrong("name has %d bytes: use at most %d, and * for the rest", len(name), store.MaxClientName)
	case strings.Contains(strings.TrimSuffix(name, "*"), "*"):
		return v.wrong("name %q: * stands for the rest of a name, and can only end it", name)
	}
	for _, other := range c.clients {
		if other.Name == name {
			return v.wrong("client %q is there twice", name)
		}
	}
	return nil
}
