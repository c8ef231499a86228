package command_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each line of stderr is an entry of the log, cut where it is long.
func TestLinesOfTheLog(t *testing.T) {
	t.Parallel()
	rt := newClient()
	done(t, shell(`{ printf 'from Windows\r\n\n\377no text\n'; head -c 10000 /dev/zero | tr '\0' x; printf '\nafter\nthe end'; } >&2
		printf '{"log":"'; head -c 10000 /dev/zero | tr '\0' y; printf '"}\n'`), rt, `{}`)
	var own, others []string
	for _, l := range rt.logs {
		if strings.Contains(l, "yyy") {
			own = append(own, l)
		} else {
			others = append(others, l)
		}
	}
	cut := func(letter string) string { return "INFO " + strings.Repeat(letter, 4096) + "…" }
	if diff := cmp.Diff([]string{"INFO from Windows", "INFO \uFFFDno text", cut("x"), "INFO after", "INFO the end"}, others); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{cut("y")}, own); diff != "" {
		t.Error(diff)
	}
}

// A program that wrote too much is heard again a second later, and each line that was left out is counted once.
func TestALogIsHeardAgain(t *testing.T) {
	t.Parallel()
	rt := newClient()
	done(t, shell(`seq 1000 >&2; sleep 1.2; echo later >&2`), rt, `{}`)
	passed, dropped := 0, 0
	for _, l := range rt.logs {
		n := 0
		if _, err := fmt.Sscanf(l, "WARN %d lines of the program's log were left out", &n); err == nil {
			dropped += n
		} else {
			passed++
		}
	}
	if passed+dropped != 1001 || dropped == 0 {
		t.Errorf("%d lines came through and %d were left out, of 1001", passed, dropped)
	}
	if last := rt.logs[len(rt.logs)-1]; last != "INFO later" {
		t.Errorf("the last one is %q", last)
	}
}
