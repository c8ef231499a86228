package loganalysis_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/loganalysis"
)

const login = "Feb 29 10:05:03 h sshd[1]: message repeated 4 times: [ Failed password for bob from 10.0.0.1 port 1 ssh2]\n"

func TestStateIsRestored(t *testing.T) {
	t.Parallel()
	access := sampleText(t, "apache_access.log.gz")
	var centuries bytes.Buffer
	for i := range 21_000 {
		fmt.Fprintf(&centuries, `{"ts":%d,"msg":"x"}`+"\n", 1+i*3600*70)
	}
	for name, text := range map[string][]byte{
		"nothing": nil, "access": access, "sshd": sampleText(t, "openssh_auth.log"), "prose": []byte("prose\n\n"), "centuries": centuries.Bytes(),
		"before 1970": []byte(`{"ts":-86400,"level":"error","msg":"x"}` + "\n"),
	} {
		for _, values := range []int{3, 100, 100_000} {
			if !loganalysis.Saves(text, access[len(access)/2:], values) {
				t.Errorf("%s, at most %d values: not the same", name, values)
			}
		}
	}
}

// Values that come and go, in counters that are soon full.
func TestAnyStateIsRestored(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 0))
		text := func() []byte {
			var b strings.Builder
			for range r.IntN(500) {
				fmt.Fprintf(&b, "%d - - [17/May/2015:%02d:05:03 +0000] \"GET /%d HTTP/1.1\" %d %d \"-\" \"%d\"\n",
					int(r.ExpFloat64()*20), r.IntN(24), r.IntN(1000), r.IntN(1000), r.IntN(1<<30), r.IntN(5))
			}
			return []byte(b.String())
		}
		if values := 1 + r.IntN(50); !loganalysis.Saves(text(), text(), values) {
			t.Errorf("seed %d, at most %d values: not the same", seed, values)
		}
	}
}

func FuzzState(f *testing.F) {
	f.Add([]byte(ok), []byte(login), byte(1))
	f.Add([]byte(login+ok), []byte(ok), byte(200))
	f.Fuzz(func(t *testing.T, text, more []byte, values byte) {
		if !loganalysis.Saves(text, more, int(values)+1) {
			t.Error("not the same")
		}
	})
}

// What is damaged is refused or is some state: it does no harm.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add(loganalysis.Encode([]byte(ok + login)))
	f.Fuzz(func(t *testing.T, b []byte) { loganalysis.Decode(b) })
}

// Each byte of a state may be another, and it may end anywhere. Of many equal bytes in a row a few stand for all; FuzzDecode tries more.
func TestDamagedStatesDoNoHarm(t *testing.T) {
	t.Parallel()
	good := loganalysis.Encode([]byte(ok + login))
	if _, ok := loganalysis.Decode(good); !ok {
		t.Fatal("the state itself is refused")
	}
	r := rand.New(rand.NewPCG(1, 2))
	edges := []byte{0, 1, 0x7f, 0x80, 0xff}
	for i := range good {
		if _, ok := loganalysis.Decode(good[:i]); ok {
			t.Errorf("%d of %d bytes are taken for a state", i, len(good))
		}
		if i > 1 && good[i] == good[i-1] && good[i] == good[i-2] && r.IntN(32) > 0 {
			continue
		}
		for _, c := range []byte{edges[r.IntN(len(edges))], byte(r.Uint32())} {
			bad := bytes.Clone(good)
			bad[i] = c
			loganalysis.Decode(bad)
		}
	}
}

func TestACrowdedTotalFitsIntoACheckpoint(t *testing.T) {
	t.Parallel()
	nb := &notebook{}
	if err := tasks.NewAttempt(tasks.NewID(0), 1, nb, nil).Checkpoint(t.Context(), loganalysis.Crowd()); err != nil {
		t.Error(err)
	}
	if t.Logf("%d bytes", len(nb.kept)); len(nb.kept) < 8<<20 {
		t.Error("the total is not crowded: this shows nothing")
	}
}
