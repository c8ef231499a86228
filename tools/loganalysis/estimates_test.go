package loganalysis_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tools/loganalysis"
)

// requests is n lines, each of a client of its own from the given number on. Every tenth, if frequent is not 0, comes from one of so many others.
func requests(from, n, frequent int) string {
	var b strings.Builder
	for i := from; i < from+n; i++ {
		client := fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255)
		if frequent > 0 && i%10 == 0 {
			client = fmt.Sprintf("frequent-%d", i/10%frequent)
		}
		fmt.Fprintf(&b, "%s - - [17/May/2015:10:05:03 +0000] \"GET /%d HTTP/1.1\" 200 5\n", client, i)
	}
	return b.String()
}

func TestManyValuesAreCountedExactly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "x.log", requests(0, 100_000, 0))
	r := analyze(t, dir, "x.log")
	if !r.Clients.Exact || r.Clients.Distinct != 100_000 || !r.Paths.Exact || r.Paths.Distinct != 100_000 {
		t.Errorf("clients %+v, paths %+v", r.Clients, r.Paths)
	}
}

func TestTooManyValuesAreEstimated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const n, frequent = 200_000, 4
	write(t, dir, "1.log", requests(0, n/2, frequent))
	write(t, dir, "2.log", requests(n/2, n/2, frequent))
	r := analyze(t, dir, ".")
	const distinct = n*9/10 + frequent
	if r.Clients.Exact || math.Abs(float64(r.Clients.Distinct)-distinct) > 0.03*distinct {
		t.Errorf("%d clients, exact %v; there are %d", r.Clients.Distinct, r.Clients.Exact, distinct)
	}
	if r.Clients.MaxError == 0 || r.Clients.MaxError > 2*n/100_000+2 {
		t.Errorf("error bound is %d", r.Clients.MaxError)
	}
	const each = n / 10 / frequent
	for _, c := range r.Clients.Top[:frequent] {
		if !strings.HasPrefix(c.Value, "frequent-") || c.Count > each || c.Count+r.Clients.MaxError < each {
			t.Errorf("%+v, at most %d more; there are %d", c, r.Clients.MaxError, each)
		}
	}
	if r.Lines != n || r.Statuses["200"] != n {
		t.Errorf("%d lines, %d answers: totals stay exact", r.Lines, r.Statuses["200"])
	}
	if text := r.Markdown(); !strings.Contains(text, "(at least)") || !strings.Contains(text, "Clients: too many different values") {
		t.Error("the text does not say that it is an estimate")
	}
}

func TestLongValues(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var b strings.Builder
	for i := range 30_000 { // 15 MB of paths
		fmt.Fprintf(&b, "h - - [17/May/2015:10:05:03 +0000] \"GET /%d%s HTTP/1.1\" 200 5\n", i, strings.Repeat("é", 300))
	}
	write(t, dir, "x.log", b.String())
	r := analyze(t, dir, "x.log")
	if r.Paths.Exact || len(r.Paths.Top) != 10 || !strings.HasSuffix(r.Paths.Top[0].Value, "é…") {
		t.Errorf("paths are %+v", r.Paths)
	}
}

func TestCenturiesOfLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var b strings.Builder
	for i := range int64(25_000) {
		fmt.Fprintf(&b, `{"ts":%d,"msg":"x"}`+"\n", 1+i*3600*70)
	}
	write(t, dir, "x.log", b.String())
	r := analyze(t, dir, "x.log")
	if r.Traffic.Beyond != 5_000 || r.Traffic.Unit != "year" || len(r.Traffic.Points) > 1500 {
		t.Errorf("%d beyond, %d points by %s", r.Traffic.Beyond, len(r.Traffic.Points), r.Traffic.Unit)
	}
	if _, err := r.Plot(); err != nil {
		t.Error(err)
	}
}

func TestBursts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var b strings.Builder
	for minute := range 120 {
		n := 20 + minute%7
		if minute == 50 || minute == 51 || minute == 80 {
			n = 100
		}
		for range n {
			fmt.Fprintf(&b, `{"ts":%d,"msg":"x"}`+"\n", 1431820800+minute*60)
		}
	}
	write(t, dir, "x.log", b.String())
	got := analyze(t, dir, "x.log").Bursts
	want := []loganalysis.Burst{
		{Unit: "minute", Start: "2015-05-17T00:50:00Z", End: "2015-05-17T00:52:00Z", Lines: 200, Peak: 100, Typical: 23},
		{Unit: "minute", Start: "2015-05-17T01:20:00Z", End: "2015-05-17T01:21:00Z", Lines: 100, Peak: 100, Typical: 23},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v", got)
	}
}
