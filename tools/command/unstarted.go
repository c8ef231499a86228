package command

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// startError says why a program could not be started. The system has one answer for a program, an interpreter and a directory that are not
// there.
func startError(p *plan, err error) error {
	if err == nil {
		return nil
	}
	if misplaced := dirError(p.Dir, err); misplaced != nil {
		return misplaced
	}
	if why := unstarted(p.Path, err); why != nil {
		return fmt.Errorf("%s: %w: %w", p.Path, err, why)
	}
	return fmt.Errorf("%s: %w", p.Path, err)
}

// dirError blames the directory that a program should work in. Nil: it is there.
func dirError(dir string, err error) error {
	if info, missing := os.Stat(dir); dir == "" || missing == nil && info.IsDir() {
		return nil
	}
	return fmt.Errorf("there is no directory %s for it to work in: %w", dir, err)
}

// unstarted is what the system does not say of a program that it did not start. Nil: there is no more to say.
func unstarted(path string, err error) error {
	info, missing := os.Stat(path)
	switch {
	case errors.Is(err, syscall.E2BIG):
		return errors.New("on Linux one has at most 128 KiB, and what is longer reaches a program on stdin alone")
	case missing != nil:
		return nil
	case errors.Is(err, syscall.ENOEXEC):
		return cmp.Or(ScriptFlaw(path), errors.New("the first line of a script names what runs it, such as #!/bin/sh"))
	case errors.Is(err, syscall.EACCES) && info.Mode()&0o111 == 0:
		return fmt.Errorf("it may not be executed: chmod +x %s", path)
	case errors.Is(err, syscall.ENOENT):
		return cmp.Or(ScriptFlaw(path), errors.New("the file is there, but not what it needs to be started, such as the C library that it was built for"))
	}
	return nil
}

const byteOrderMark = "\xef\xbb\xbf" // in UTF-8

// ScriptFlaw is what is wrong with the first line of a script, so that it cannot be started. Nil: nothing, or it is no script.
func ScriptFlaw(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil //nolint:nilerr // whoever starts it is told
	}
	defer f.Close()
	const most = 256 // as Linux reads
	first, _ := bufio.NewReader(io.LimitReader(f, most)).ReadString('\n')
	line, script := strings.CutPrefix(strings.TrimSuffix(first, "\n"), "#!")
	words := strings.Fields(line)
	switch {
	case strings.HasPrefix(first, byteOrderMark+"#!"):
		return errors.New("a byte order mark (BOM) stands before the #! of its first line: save it as UTF-8 without one")
	case !script:
		return nil
	case strings.HasSuffix(line, "\r"):
		return errors.New("its first line ends with a carriage return, as on Windows: save it with the line ends of Unix")
	case len(words) == 0:
		return errors.New("its first line names no program that runs it, as #!/bin/sh does")
	}
	if !filepath.IsAbs(words[0]) { // it is looked for where the program will work
		return nil
	}
	if _, err := os.Stat(words[0]); err != nil {
		return fmt.Errorf("its first line says that %s runs it, which is not on this machine", words[0])
	}
	return nil
}
