package reference_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tools/reference"
)

// filled is a directory with files to refer to.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"token": "s3cret\r\n\n", "blank": "s3cret \t \n", "lines": "a\nb\n", "empty": "", "nul": "a\x00b",
		"full": strings.Repeat("x", reference.MaxFile), "long": strings.Repeat("x", reference.MaxFile+1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTextsAreFilledIn(t *testing.T) {
	t.Setenv("REFERENCE_TEST", "value")
	t.Setenv("REFERENCE_TEST_EMPTY", "")
	dir := filled(t)
	for text, want := range map[string]string{
		"":                              "",
		"plain $x $ {} }":               "plain $x $ {} }",
		"5$":                            "5$",
		"${file:blank}":                 "s3cret \t ",
		"${env:REFERENCE_TEST}":         "value",
		"a${env:REFERENCE_TEST_EMPTY}b": "ab",
		"Bearer ${file:token}!":         "Bearer s3cret!",
		"${file:" + dir + "/token}":     "s3cret",
		"${file:lines}${file:empty}":    "a\nb",
		"$${env:X} $$${file:token}":     "${env:X} $${file:token}",
		"${file:full}":                  strings.Repeat("x", reference.MaxFile),
		"${env:REFERENCE_TEST}$${":      "value${",
		"${file:token}${file:token}}":   "s3crets3cret}",
	} {
		parsed, err := reference.Parse(text, dir)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got, err := parsed.Value(); err != nil || got != want {
			t.Errorf("%q is %q (%v), want %q", text, got, err, want)
		}
		unescaped := strings.ReplaceAll(text, "$${", "")
		if refers := strings.Contains(unescaped, "${env:") || strings.Contains(unescaped, "${file:"); parsed.Refers() != refers {
			t.Errorf("%q refers: %v", text, parsed.Refers())
		}
	}
}

func TestWhatIsWrongWithAText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"${env:A":         "a ${ without }",
		"${evn:A}":        "${evn:A}: use ${env:NAME} or ${file:PATH}",
		"${A}":            "use ${env:NAME}",
		"${env:}":         "use ${env:NAME}",
		"${file}":         "use ${env:NAME}",
		"ok ${} ${env:A}": "${}: use",
	} {
		if _, err := reference.Parse(text, "."); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestWhatCannotBeFound(t *testing.T) {
	t.Parallel()
	dir := filled(t)
	for text, want := range map[string]string{
		"${env:NO_SUCH_VARIABLE}": "${env:NO_SUCH_VARIABLE}: this process has no such variable",
		"${file:gone}":            "there is no file " + dir + "/gone",
		"${file:.}":               "is no regular file",
		"${file:/dev/null}":       "is no regular file",
		"${file:token/x}":         "not a directory",
		"${file:long}":            "has more than 65536 bytes",
		"${file:nul}":             "it has a NUL",
	} {
		parsed, err := reference.Parse("x"+text, dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parsed.Value(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "xxx") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
