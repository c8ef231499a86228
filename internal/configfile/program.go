package configfile

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/longhaul-mcp/longhaul/tools/command"
)

// present warns of programs and scripts of a command, and of a directory to work in, that are not there. They are relative to the first of the directories; a script may be
// in any of them. It does not refuse them: they may come later, and who looks at a file need not be who uses it.
func (v value) present(dirs ...string) {
	if !v.Works {
		return
	}
	for i, word := range v.words("command") {
		text, err := word.text()
		switch {
		case err != nil || strings.Contains(text, "${"):
		case i == 0:
			word.programPresent(text, dirs[0])
		case isScript(text) && !slices.ContainsFunc(dirs, func(dir string) bool { return exists(dir, text) }):
			word.warn("there is no file %s", under(dirs[0], text))
		}
	}
	if dir, ok := v.entry("dir"); ok {
		dir.directoryPresent()
	}
}

func (v value) directoryPresent() {
	name, err := v.text()
	if err != nil || name == "" {
		return
	}
	if info, err := os.Stat(v.beside(name)); err != nil || !info.IsDir() {
		v.warn("there is no directory %s", v.beside(name))
	}
}

func (v value) programPresent(name, dir string) {
	if filepath.Base(name) != name {
		switch _, err := exec.LookPath(under(dir, name)); {
		case errors.Is(err, fs.ErrPermission):
			v.warn("%[1]s may not be executed: chmod +x %[1]s", under(dir, name))
		case err != nil:
			v.warn("there is no program %s on this machine", under(dir, name))
		default:
			if flaw := command.ScriptFlaw(under(dir, name)); flaw != nil {
				v.warn("%s: %v", under(dir, name), flaw)
			}
		}
		return
	}
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if exists(dir, name) {
		v.warn("there is no program %s in the PATH; for the one in %s write ./%s", name, dir, name)
		return
	}
	v.warn("there is no program %s in the PATH of this process", name)
}

// words are the entries of a list that an object has under a key.
func (v value) words(key string) []value {
	list, ok := v.entry(key)
	if !ok {
		return nil
	}
	words, _ := list.entries()
	return words
}

// entry is what an object has under a key.
func (v value) entry(key string) (value, bool) {
	members, _ := v.members()
	for _, m := range members {
		if name, err := m.key.text(); err == nil && name == key {
			return m.value, true
		}
	}
	return value{}, false
}

// isScript reports whether an argument looks like a script that an interpreter is to run.
func isScript(arg string) bool {
	return !strings.HasPrefix(arg, "-") && slices.Contains([]string{".py", ".sh", ".js", ".mjs", ".cjs", ".rb", ".pl"}, filepath.Ext(arg))
}

func exists(dir, name string) bool {
	_, err := os.Stat(under(dir, name))
	return err == nil
}

// under is a path that begins in a directory, unless it is absolute.
func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
