package loganalysis_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/longhaul-mcp/longhaul/tools/loganalysis"
)

func FuzzLines(f *testing.F) {
	for _, s := range []string{
		ok, "Feb 29 10:05:03 h sshd[1]: message repeated 4 times: [ Failed password for bob from 10.0.0.1 port 1 ssh2]",
		"[Sun May 17 10:05:03.123456 2015] [core:error] [pid 1] [client [::1]:123] AH1: gone", `{"ts":1e300,"status":"x","a":[{"b":"\"}"}],"msg":"\ud800"}`,
		"2024-12-10T06:55:48+01:00 h sshd[1]: Accepted publickey for a from b port 1", `{"time":"0000-01-01T00:00:00+23:59","path":"|` + "`" + `"}`,
		`h - - [31/Dec/9999:23:59:60 -2359] "GET " 999`, strings.Repeat("\\\"", 70),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, r := range loganalysis.ReportsOf(text) {
			b, err := json.Marshal(r)
			if err != nil || !utf8.Valid(b) {
				t.Fatalf("JSON: %v", err)
			}
			checkTimes(t, r)
			checkTables(t, r.Markdown())
		}
	})
}

func checkTimes(t *testing.T, r *loganalysis.Report) {
	var lines int64
	for _, p := range r.Traffic.Points {
		lines += p.Lines
		if _, err := time.Parse(time.RFC3339, p.Start); err != nil {
			t.Error(err)
		}
	}
	if r.Unparsed+lines > r.Lines {
		t.Errorf("%d unparsed and %d in time, of %d lines", r.Unparsed, lines, r.Lines)
	}
}

// checkTables finds rows that a value broke: each begins and ends with a bar and has no control characters.
func checkTables(t *testing.T, markdown string) {
	if !utf8.ValidString(markdown) {
		t.Error("Markdown is not UTF-8")
	}
	for line := range strings.Lines(markdown) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("control characters in %q", line)
		}
		if strings.HasPrefix(line, "|") != strings.HasSuffix(line, "|") {
			t.Errorf("broken row %q", line)
		}
	}
}
