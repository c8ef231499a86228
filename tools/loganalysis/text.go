package loganalysis

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// grouped writes 1234567 as 1,234,567.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// bytesOf writes a size by powers of 1000.
func bytesOf(n int64) string {
	f, unit := float64(n), "B"
	for _, u := range []string{"kB", "MB", "GB", "TB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1000, u
	}
	if f < 10 && unit != "B" {
		return strconv.FormatFloat(f, 'f', 1, 64) + " " + unit
	}
	return strconv.FormatFloat(f, 'f', 0, 64) + " " + unit
}

// share writes a part of a whole in percent.
func share(n, of int64) string { return fmt.Sprintf("%d %%", n*100/max(of, 1)) }

const maxCell = 120 // characters of a value in a table

// cell shows any text inside a Markdown table, as code: nothing in it can end the cell, format it or become a link.
func cell(s string) string {
	if s == "" {
		return "(empty)"
	}
	var b strings.Builder
	runes, before := 0, rune(0)
	for _, r := range s {
		if runes++; runes > maxCell {
			b.WriteString("…")
			break
		}
		writeRune(&b, r, before)
		before = r
	}
	return code(b.String())
}

// writeRune escapes what does not print, and the pipe as tables want it. A pipe after a backslash has no escape that every
// renderer understands, so it becomes its number.
func writeRune(b *strings.Builder, r, before rune) {
	switch {
	case r == '|' && before == '\\':
		b.WriteString(`x7c`)
	case r == '|':
		b.WriteString(`\|`)
	case unicode.IsPrint(r):
		b.WriteRune(r)
	default:
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
}

// code makes a code span, in more backticks than the text has in a row.
func code(s string) string {
	longest, run := 0, 0
	for _, r := range s {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	if longest > 0 || strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") {
		s = " " + s + " "
	}
	return fence + s + fence
}
