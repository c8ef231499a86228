package configfile

import (
	"errors"
	"os"
	"testing"
)

// Whatever the text, there is a configuration, or each slip has a place in the file.
func FuzzAFile(f *testing.F) {
	for _, dir := range []string{"good", "bad"} {
		for _, path := range examples(f, dir) {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := parse(text, &source{Options: everything, path: "c.yaml", base: "testdata/good", trials: new(int)})
		if err == nil {
			if read == nil {
				t.Fatal("neither a configuration nor an error")
			}
			return
		}
		for _, e := range faults(err) {
			at, ok := errors.AsType[*fault](e)
			if !ok || at.at == nil || at.at.Position == nil || at.at.Position.Line < 1 || at.at.Position.Column < 1 || at.what == "" {
				t.Errorf("a slip without a place: %v", e)
			}
		}
	})
}
