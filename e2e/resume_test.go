package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

var resumeMiB = flag.Int("resume-mib", 200, "how large the logs are in which TestResume kills a worker")

// What a killed analyze_logs has read is not read again, and the result is that of one that nothing disturbed. How much was read is what
// the kernel says, not what the tool does.
func TestResume(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says how much a process has read")
	}
	t.Run("few different values", func(t *testing.T) { resume(t, repeated(t)) })
	t.Run("many different values", func(t *testing.T) { resume(t, distinct()) })
}

func resume(t *testing.T, some func() []byte) {
	most := 15.0
	if *resumeMiB < 1024 {
		most = 35 // a log that is read in a tenth of a second gets further while its checkpoint is on its way; without one it would be 40
	}
	dir := t.TempDir()
	size := makeLog(t, filepath.Join(dir, "big.log"), some)
	f := rig.New(t)
	c := f.Server().Client(t)
	workers := []*rig.Process{f.Worker("-data", dir), f.Worker("-data", dir)}
	want := c.Await(t, analyze(t, c), "completed").Result

	task, victim, heir, first := caught(t, c, workers, size)
	before := read(t, heir)
	victim.Kill()
	got := c.Await(t, task, "completed").Result
	if !reflect.DeepEqual(want, got) {
		t.Errorf("got %s\nundisturbed %s", got.StructuredContent, want.StructuredContent)
	}
	again := 100*float64(first+read(t, heir)-before)/float64(size) - 100
	t.Logf("%d MiB, killed after %.1f %%: %.1f %% were read again", size>>20, 100*float64(first)/float64(size), again)
	if again < -1 || again >= most {
		t.Errorf("%.1f %% were read again, want less than %.0f %%", again, most)
	}
}

func analyze(t *testing.T, c *rig.Client) (task string) {
	return c.Call(t, "analyze_logs", rig.Object{"path": "big.log"}).ID
}

// caught freezes a worker in the middle of its task, and tells how much of the log it has read. A worker may be too fast for that.
func caught(t *testing.T, c *rig.Client, workers []*rig.Process, size int64) (task string, victim, heir *rig.Process, read int64) {
	for range 20 {
		before := reads(t, workers)
		task = analyze(t, c)
		var i int
		rig.Await(t, "a worker has read a good part of the log", func() bool {
			for i = range workers {
				if reads(t, workers)[i]-before[i] > size*4/10 {
					return true
				}
			}
			return false
		})
		victim, heir = workers[i], workers[1-i]
		signal(t, victim, syscall.SIGSTOP)
		read = reads(t, workers)[i] - before[i]
		if c.Get(t, task).Status == "working" && read < size*9/10 {
			return task, victim, heir, read
		}
		signal(t, victim, syscall.SIGCONT)
		c.Await(t, task, "completed")
	}
	t.Fatal("the workers are too fast to be killed in the middle: try a larger -resume-mib")
	return
}

func signal(t *testing.T, p *rig.Process, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(p.PID(), s); err != nil {
		t.Fatal(err)
	}
}

func reads(t *testing.T, ps []*rig.Process) (list []int64) {
	for _, p := range ps {
		list = append(list, read(t, p))
	}
	return list
}

// read is how many bytes a process has read in all, files and connections.
func read(t *testing.T, p *rig.Process) int64 {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(stat), "\n")
	n, err := strconv.ParseInt(strings.TrimPrefix(first, "rchar: "), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func makeLog(t *testing.T, path string, some func() []byte) (size int64) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<20)
	for size < int64(*resumeMiB)<<20 {
		n, err := w.Write(some())
		if err != nil {
			t.Fatal(err)
		}
		size += int64(n)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return size
}

// repeated is a real log, again and again.
func repeated(t *testing.T) func() []byte {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join(samples, "apache_access.log.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	text = append(bytes.TrimRight(text, "\n"), '\n')
	return func() []byte { return text }
}

// distinct is a log in which nearly every client and path is new, and many user agents are.
func distinct() func() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	line, n := make([]byte, 0, 1024), int64(0)
	return func() []byte {
		n++
		at := time.Unix(1431820800+n/50, 0).UTC().Format("02/Jan/2006:15:04:05 -0700")
		ip := r.Uint32()
		line = fmt.Appendf(line[:0], "%d.%d.%d.%d - - [%s] \"GET /orders/%016x?page=%d HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64) build/%d\"\n",
			ip>>24, ip>>16&255, ip>>8&255, ip&255, at, r.Uint64(), r.IntN(50), 200+r.IntN(2)*204, r.IntN(1<<20), r.IntN(200_000))
		return line
	}
}
