package launch

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/longhaul-mcp/longhaul/internal/configfile"
)

// lookEvery is how often the content of the file is looked at. That works on every file system, and also where Kubernetes swaps the directory
// that a link leads to.
const lookEvery = time.Second

// run reads the file again when it has changed, or on SIGHUP, until ctx ends.
func (c *configuration) run(ctx context.Context) error {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	defer signal.Stop(hangUp)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	seen := c.tried
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangUp:
			seen = look(c.path)
			c.reload(seen)
		case <-tick.C:
			seen = c.glance(seen)
		}
	}
}

// glance looks at the file, and reloads it if it differs from what is in force and two looks found the same: otherwise it may still be being
// written.
func (c *configuration) glance(seen string) (now string) {
	now = look(c.path)
	if now == seen && now != c.tried {
		c.reload(now)
	}
	return now
}

var errBlank = errors.New("the file is empty: to take everything out of force, write {}")

// reload reads the file and puts it in force. If anything is wrong with it, all stays as it is.
func (c *configuration) reload(seen string) {
	c.tried = seen
	file, err := configfile.Read(c.path, c.reads)
	switch {
	case err != nil:
	case file.Blank: // it may have been emptied by a program that died before it wrote it anew
		err = errBlank
	default:
		err = c.apply(file)
	}
	c.refuse(err)
	if err != nil {
		c.log.Error("the configuration is refused, what was in force stays", "file", c.path, "err", err)
		return
	}
	c.log.Info("configuration reloaded", c.parts(file)...)
}

// parts lists, for the log, the parts of a file that this process uses.
func (c *configuration) parts(f *configfile.File) []any {
	list := []any{"file", c.path}
	if c.front != nil {
		list = append(list, "clients", len(f.Clients))
	}
	if c.hub != nil {
		list = append(list, "tools", c.names(), "servers", len(f.Servers))
	}
	return list
}

// maxLook is more than the size that a configuration may have.
const maxLook = 8 << 20

// look returns a hash of the file's content, or the error why there is none to read: two looks are equal if nothing has changed.
func look(path string) string {
	f, err := configfile.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(f, maxLook)); err != nil {
		return err.Error()
	}
	return string(sum.Sum(nil))
}
