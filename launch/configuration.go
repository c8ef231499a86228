package launch

import (
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/longhaul-mcp/longhaul/internal/configfile"
	"github.com/longhaul-mcp/longhaul/server"
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/command"
	"github.com/longhaul-mcp/longhaul/tools/upstream"
)

// configuration is the part of the -config file that is in force in this process.
type configuration struct {
	path     string
	reads    configfile.Options
	registry *tasks.Registry
	hub      *upstream.Hub  // nil: this process runs no tools
	front    *server.Server // nil: it is no front end
	keeps    bool           // there is a blob store
	log      *slog.Logger

	tools map[string]*tasks.Registered // the file's
	tried string                       // what look said when the file was last read
	loses sync.Once                    // the warning about what is lost without a blob store

	mu  sync.Mutex
	err error // why the file as it is now is not in force; nil: it is
}

// check makes the tools of a file. An error says everything that is wrong with the file, as far as can be told without asking servers. That is
// little, since reading the file has checked most of it.
func check(f *configfile.File) (*tasks.Registry, error) {
	fresh := new(tasks.Registry)
	var errs []error
	for _, t := range f.Tools {
		errs = append(errs, command.Add(fresh, t))
	}
	return fresh, errors.Join(append(errs, fresh.Err(), upstream.Validate(f.Servers))...)
}

// apply puts a file in force, at the start and later. If it returns an error, which says what is wrong, nothing has changed. Running attempts
// are not disturbed: they keep the tool that they began with.
func (c *configuration) apply(f *configfile.File) error {
	fresh, err := check(f)
	if err != nil {
		return err
	}
	for _, w := range f.Warnings {
		c.log.Warn(w)
	}
	if c.front != nil {
		c.front.SetClients(f.Clients)
	}
	if c.hub == nil {
		return nil // the rest is for processes that run tools
	}
	if !c.keeps && len(f.Tools)+len(f.Servers) > 0 {
		c.loses.Do(c.warnOfLoss)
	}
	if err := c.put(fresh); err != nil {
		return err
	}
	return c.hub.Change(f.Servers) // after the tools, whose names take precedence
}

func (c *configuration) warnOfLoss() {
	c.log.Warn("there is no blob store: what programs print beyond 128 KiB and most files that they leave will be lost, and results over 16 MiB fail; " +
		"give -blob to every server and worker, such as file:///mnt/results?create=true")
}

// put makes these the file's tools in the registry, and drops the others that the file had.
func (c *configuration) put(fresh *tasks.Registry) error {
	before := c.tools
	c.tools = make(map[string]*tasks.Registered)
	for _, t := range fresh.Tools() {
		if err := c.registry.Put(t.Tool, t.Handle); err != nil {
			return err
		}
		c.tools[t.Name], _ = c.registry.Lookup(t.Name)
	}
	for name, t := range before {
		if _, ok := fresh.Lookup(name); !ok {
			c.registry.Drop(t)
		}
	}
	return nil
}

// names returns the names of the file's tools.
func (c *configuration) names() []string { return slices.Sorted(maps.Keys(c.tools)) }

// refused returns why the file as it is now is not in force; nil: it is.
func (c *configuration) refused() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *configuration) refuse(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
}

func (c *configuration) gauge() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "longhaul_config_last_reload_successful",
		Help: "1 if the configuration file as it is now is in force, 0 if it was refused and the one before stays.",
	}, func() float64 {
		if c.refused() != nil {
			return 0
		}
		return 1
	})
}
