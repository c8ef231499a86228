package bench

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

var size = flag.Int64("size", 1<<30, "how many bytes of log BenchmarkAnalyzeLogs analyses")

// BenchmarkAnalyzeLogs is the analysis of one large access log, made by repeating the sample, in a worker process of its own.
func BenchmarkAnalyzeLogs(b *testing.B) {
	f := rig.New(b)
	c := f.Server().Client(b)
	dir := b.TempDir()
	bytes, lines := repeatSample(b, filepath.Join(dir, "access.log"), *size)
	worker := f.Worker("-data", dir)
	c.AwaitTool(b, "analyze_logs")
	b.SetBytes(bytes)
	var took time.Duration
	for b.Loop() {
		begin := time.Now()
		task := c.Await(b, c.Call(b, "analyze_logs", rig.Object{"path": "access.log"}).ID, "completed")
		took = time.Since(begin)
		var r struct{ Lines int64 }
		if task.Result.Decode(b, &r); r.Lines != lines {
			b.Fatalf("%d lines, want %d", r.Lines, lines)
		}
	}
	peak := peakMemory(b, worker.PID())
	rate := float64(bytes) / (1 << 20) / took.Seconds()
	table(b, []any{"log", "lines", "time", "MiB/s", "peak memory of the worker"},
		[]any{fmt.Sprintf("%d MiB", bytes>>20), lines, took.Round(time.Millisecond), fmt.Sprintf("%.0f", rate), fmt.Sprintf("%d MiB", peak>>20)})
	b.ReportMetric(float64(peak>>20), "peak-MiB")
}

const sample = "../testdata/logs/apache_access.log.gz"

// repeatSample writes whole copies of the sample, until there are n bytes.
func repeatSample(b *testing.B, path string, n int64) (size, lines int64) {
	b.Helper()
	packed, err := os.Open(sample)
	if err != nil {
		b.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	out, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	for ; size < n; size += int64(len(text)) {
		if _, err := out.Write(text); err != nil {
			b.Fatal(err)
		}
		lines += int64(bytes.Count(text, []byte("\n")))
	}
	return size, lines
}

// peakMemory is the most that a process has had in memory. Linux keeps count of it.
func peakMemory(b *testing.B, pid int) int64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib << 10
		}
	}
	b.Fatal("no VmHWM: peak memory is known on Linux only")
	return 0
}
