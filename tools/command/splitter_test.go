package command_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/tools/command"
)

func TestWhatIsAMessage(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		`{"progress":1}`: true,
		`{"progress":1,"total":2.5,"message":"x"}`: true,
		"{\"log\":\"x\",\"level\":\"debug\"}\r\n":  true,
		`{"checkpoint":null}`:                      true,
		`{"result":"text"}`:                        true,
		`{"ask":{"key":"k","message":"m"}}`:        true,
		`{"ask":{"key":"k","message":"m","within":3,"otherwise":{"a":1},"schema":{"type":"object"}}}`: true,
		`{}`: false, `{"progress":"1"}`: false, `{"progress":null}`: false, `{"progress":1,"extra":2}`: false, `{"Progress":1}`: false,
		`{"progress":1,"total":null}`: false, `{"progress":1,"log":"x"}`: false, `{"log":3}`: false, `{"log":"x","level":"loud"}`: false,
		`{"result":1,"message":"x"}`: false, `{"ask":{"key":"k"}}`: false, `{"ask":{"key":"k","message":"m","more":1}}`: false,
		`{"ask":"k"}`: false, `{"total":3}`: false, `{"progress":1`: false, `{"progress":1}{}`: false, `[1]`: false, ``: false,
		"{\"log\":\"\xff\"}": false,
	} {
		if got := command.IsMessage([]byte(line)); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}

func TestTranscript(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		pieces []string
		want   string
	}{
		"all fits":                    {[]string{"abc", "defgh"}, "abcdefgh"},
		"one too many":                {[]string{"abc", "defghi"}, "abcd\n… 1 bytes left out …\nfghi"},
		"at once":                     {[]string{"abcdefghijklmnop"}, "abcd\n… 8 bytes left out …\nmnop"},
		"one by one":                  {strings.Split("abcdefghijklmnop", ""), "abcd\n… 8 bytes left out …\nmnop"},
		"characters are not cut":      {[]string{"abc\u00e9xxxx\u20acyz"}, "abc\n… 6 bytes left out …\nyz"},
		"what is no text is replaced": {[]string{"a\xffb"}, "a\uFFFDb"},
	} {
		var pieces [][]byte
		for _, p := range test.pieces {
			pieces = append(pieces, []byte(p))
		}
		got, _ := command.Keep(4, 4, pieces...)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// brittle is a file on a disk that is full once.
type brittle struct {
	bytes.Buffer
	full error
}

func (b *brittle) Write(p []byte) (int, error) {
	if err := b.full; err != nil {
		b.full = nil
		return 0, err
	}
	return b.Buffer.Write(p)
}

// All of the output is spooled, as far as a spool goes. One with a hole in it is not taken for the whole.
func TestASpool(t *testing.T) {
	t.Parallel()
	pieces := [][]byte{[]byte("abc"), []byte("defghij"), []byte("k")}
	var all, last brittle
	if err := command.Spool(&all, 0, pieces...); err != nil || all.String() != "abcdefghijk" {
		t.Errorf("spooled %q, %v", all.String(), err)
	}
	if err := command.Spool(&last, command.MaxSpool-5, pieces...); err != nil || last.String() != "abcde" {
		t.Errorf("with 5 bytes left: spooled %q, %v", last.String(), err)
	}
	full := errors.New("the disk is full")
	broken := brittle{full: full}
	if err := command.Spool(&broken, 0, pieces...); !errors.Is(err, full) || broken.Len() > 0 {
		t.Errorf("after an error: spooled %q, %v", broken.String(), err)
	}
}

func TestALineThatIsTooLongForAMessage(t *testing.T) {
	t.Parallel()
	line := []byte(`{"log":"` + strings.Repeat("x", command.MaxMessage) + "\"}\n{\"log\":\"y\"}\n")
	messages, plain, tooLong := command.Split([][]byte{line[:1000], line[1000:]})
	if messages != 1 || tooLong != 1 || !bytes.Equal(plain, bytes.TrimSuffix(line, []byte("{\"log\":\"y\"}\n"))) {
		t.Errorf("%d messages, %d too long, %d bytes plain", messages, tooLong, len(plain))
	}
	if messages, plain, tooLong := command.Split([][]byte{line}); messages != 1 || tooLong != 1 || len(plain) != len(line)-len("{\"log\":\"y\"}\n") {
		t.Errorf("at once: %d messages, %d too long, %d bytes plain", messages, tooLong, len(plain))
	}
	for more, want := range map[int]int{0: 1, 1: 0} { // with the end of the line
		line := []byte(`{"log":"` + strings.Repeat("x", command.MaxMessage-len("{\"log\":\"\"}\n")+more) + "\"}\n")
		if messages, _, tooLong := command.Split([][]byte{line[:1000], line[1000:]}); messages != want || tooLong != 1-want {
			t.Errorf("a line of %d bytes: %d messages, %d too long", len(line), messages, tooLong)
		}
	}
}

// However a program's output is cut into pieces, the same lines are messages, and every other byte is plain output.
func FuzzSplitter(f *testing.F) {
	f.Add([]byte("plain\n{\"progress\":1}\n{\"no\":1}\nend"), uint8(3))
	f.Add([]byte("{\"log\":\"x\"}"), uint8(1))
	f.Add([]byte("\n\n{\n{}\n{\"result\":\"\xff\"}\r\n"), uint8(2))
	f.Fuzz(func(t *testing.T, output []byte, size uint8) {
		var want []byte
		wantMessages := 0
		for line := range bytes.Lines(output) {
			if line[0] == '{' && command.IsMessage(line) {
				wantMessages++
			} else {
				want = append(want, line...)
			}
		}
		var pieces [][]byte
		for rest := output; len(rest) > 0; {
			n := min(len(rest), 1+int(size))
			pieces, rest = append(pieces, bytes.Clone(rest[:n])), rest[n:]
		}
		messages, plain, _ := command.Split(pieces)
		if messages != wantMessages || !bytes.Equal(plain, want) {
			t.Errorf("%d messages and %q, want %d and %q", messages, plain, wantMessages, want)
		}
		kept, omitted := command.Keep(7, 5, pieces...)
		if !utf8.ValidString(kept) || omitted != max(0, int64(len(output))-12) {
			t.Errorf("kept %q, omitted %d of %d", kept, omitted, len(output))
		}
	})
}
