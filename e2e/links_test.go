package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	codeBlock = regexp.MustCompile("(?ms)^```.*?^```$")
	codeSpan  = regexp.MustCompile("`[^`\n]*`")
	heading   = regexp.MustCompile(`(?m)^#+ (.*)$`)
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

// anchor is what GitHub calls a heading in links.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

// anchors are those of a document.
func anchors(t *testing.T, path string) map[string]bool {
	t.Helper()
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]bool)
	for _, m := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(string(doc), ""), -1) {
		if a := anchor(m[1]); all[a] {
			t.Errorf("%s has two headings %q: a link finds the first", path, m[1])
		} else {
			all[a] = true
		}
	}
	return all
}

// Every link within the documents leads somewhere: to a heading that there is, or to a file.
func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	for path, least := range map[string]int{"../README.md": 40, "../ARCHITECTURE.md": 0, "../bench/README.md": 0} {
		doc, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := codeSpan.ReplaceAllString(codeBlock.ReplaceAllString(string(doc), ""), "")
		within := 0
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			file, name, named := strings.Cut(m[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			within++
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", path, m[1], err)
			} else if named && !anchors(t, target)[name] {
				t.Errorf("%s links to %s, and there is no such heading", path, m[1])
			}
		}
		if within < least {
			t.Errorf("%s has %d links within the repository, which is less than was read there before", path, within)
		}
	}
}
