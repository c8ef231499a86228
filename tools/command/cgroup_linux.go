package command

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cgroup is the control group of one attempt. A nil one does nothing.
type cgroup struct {
	dir  *os.File
	path string
}

// newCgroup makes a group with its limits.
func newCgroup(g Cgroup, name string) (_ *cgroup, err error) {
	limits := map[string]string{}
	if g.Memory > 0 {
		limits["memory.max"] = strconv.FormatInt(g.Memory, 10)
		limits["memory.oom.group"] = "1" // all of the program, rather than one process that the rest waits for
	}
	if g.CPUs > 0 {
		limits["cpu.max"] = fmt.Sprintf("%d 100000", int64(g.CPUs*100000))
	}
	if g.Processes > 0 {
		limits["pids.max"] = strconv.Itoa(g.Processes)
	}
	if err := os.MkdirAll(g.Parent, 0o755); err != nil {
		return nil, fmt.Errorf("make a control group: %w", err)
	}
	for file := range limits {
		controller, _, _ := strings.Cut(file, ".")
		_ = control(filepath.Dir(g.Parent), "cgroup.subtree_control", "+"+controller) // often ours not to change, and often done
		_ = control(g.Parent, "cgroup.subtree_control", "+"+controller)               // if it is not, the limit cannot be written
	}
	c := &cgroup{path: filepath.Join(g.Parent, name)}
	if err := os.Mkdir(c.path, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("make a control group: %w", err)
	}
	for file, value := range limits {
		if err := control(c.path, file, value); err != nil {
			_ = os.Remove(c.path)
			return nil, fmt.Errorf("limit a control group: %w", err)
		}
	}
	if c.dir, err = os.Open(c.path); err != nil {
		_ = os.Remove(c.path)
		return nil, fmt.Errorf("open a control group: %w", err)
	}
	return c, nil
}

// control writes to a file that the kernel made: one that is missing must not be created.
func control(dir, file, value string) error {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// kill kills all that is in the group, where the kernel can.
func (c *cgroup) kill() {
	if c != nil {
		_ = control(c.path, "cgroup.kill", "1")
	}
}

// remove removes the group, and says what only it knows of the program's end.
func (c *cgroup) remove() (note string) {
	if c == nil {
		return ""
	}
	if c.killed() {
		note = "it had used all the memory that it may"
	}
	_ = c.dir.Close()
	for range 50 { // the kernel may take a moment to see that it is empty
		if os.Remove(c.path) == nil {
			break
		}
		time.Sleep(again)
	}
	return note
}

// killed: the kernel ended a process of the group because its memory was used up.
func (c *cgroup) killed() bool {
	f, err := os.Open(filepath.Join(c.path, "memory.events"))
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), "oom_kill "); ok {
			return n != "0"
		}
	}
	return false
}
