package loganalysis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Content is the report in Markdown and, if the lines have times, a plot of the traffic.
func (r *Report) Content() []mcp.Content {
	text := r.Markdown()
	if len(r.Traffic.Points) == 0 {
		return []mcp.Content{&mcp.TextContent{Text: text}}
	}
	png, err := r.Plot()
	if err != nil {
		return []mcp.Content{&mcp.TextContent{Text: text + "\nThe plot is missing: " + err.Error() + ".\n"}}
	}
	return []mcp.Content{&mcp.TextContent{Text: text}, &mcp.ImageContent{Data: png, MIMEType: "image/png"}}
}

// titledRanking is a ranking with its heading and the heading of its values.
type titledRanking struct {
	title, column string
	Ranking
}

func (r *Report) rankings() []titledRanking {
	return []titledRanking{
		{"Clients", "Address", r.Clients},
		{"Paths", "Path", r.Paths},
		{"User agents", "User agent", r.Agents},
		{"Levels", "Level", r.Levels},
		{"Messages", "Message", r.Messages},
		{"Failed log-ins by user", "User", r.Logins.FailedUsers},
		{"Failed log-ins by address", "Address", r.Logins.FailedAddresses},
		{"Accepted log-ins by user", "User", r.Logins.AcceptedUsers},
		{"Accepted log-ins by address", "Address", r.Logins.AcceptedAddresses},
	}
}

// Markdown is the report for people and models to read. Sections that would be empty are left out.
func (r *Report) Markdown() string {
	var b strings.Builder
	r.writeSummary(&b)
	r.writeFiles(&b)
	r.writeStatuses(&b)
	r.writeTraffic(&b)
	r.writeBursts(&b)
	for _, k := range r.rankings() {
		writeRanking(&b, k)
	}
	if len(r.Notes) > 0 {
		b.WriteString("\n## Notes\n\n")
		for _, n := range r.Notes {
			fmt.Fprintf(&b, "- %s\n", n)
		}
	}
	return b.String()
}

func (r *Report) writeSummary(b *strings.Builder) {
	fmt.Fprintf(b, "# Log analysis of %s\n\n", cell(r.Path))
	fmt.Fprintf(b, "- %s (%s), %s unparsed, in %s\n", plural(r.Lines, "line"), bytesOf(r.Bytes), grouped(r.Unparsed), plural(r.FileCount, "file"))
	if r.From != "" {
		fmt.Fprintf(b, "- from %s to %s UTC\n", short(r.From), short(r.To))
	}
	if r.BytesSent > 0 {
		fmt.Fprintf(b, "- %s sent in responses\n", bytesOf(r.BytesSent))
	}
	if r.Logins.Failed+r.Logins.Accepted > 0 {
		fmt.Fprintf(b, "- %s failed and %s accepted\n", plural(r.Logins.Failed, "log-in"), grouped(r.Logins.Accepted))
	}
}

// short writes an RFC 3339 time for people.
func short(rfc string) string {
	t, err := time.Parse(time.RFC3339, rfc)
	if err != nil {
		return rfc
	}
	return t.Format("2006-01-02 15:04:05")
}

func (r *Report) writeFiles(b *strings.Builder) {
	b.WriteString("\n## Files\n\n| File | Format | Lines | Unparsed | Size |\n|---|---|--:|--:|--:|\n")
	for _, f := range r.Files[:min(maxShownFiles, len(r.Files))] {
		format := f.Format
		if f.Gzip {
			format += ", gzip"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", cell(f.Path), format, grouped(f.Lines), grouped(f.Unparsed), bytesOf(f.Bytes))
	}
	if more := r.FileCount - maxShownFiles; more > 0 {
		fmt.Fprintf(b, "\n%s more.\n", plural(more, "file"))
	}
}

const (
	maxShownFiles = 25
	busiest       = 10
)

func (r *Report) writeStatuses(b *strings.Builder) {
	if len(r.Statuses) == 0 {
		return
	}
	b.WriteString("\n## Statuses\n\n| Status | Responses |\n|---|--:|\n")
	for _, s := range sortedKeys(r.Statuses) {
		fmt.Fprintf(b, "| %s | %s |\n", s, grouped(r.Statuses[s]))
	}
}

func (r *Report) writeTraffic(b *strings.Builder) {
	points := slices.Clone(r.Traffic.Points)
	if len(points) == 0 {
		return
	}
	slices.SortStableFunc(points, func(a, b Point) int { return cmp.Compare(b.Lines, a.Lines) })
	u := r.Traffic.Unit
	fmt.Fprintf(b, "\n## Traffic per %s\n\n%s with traffic; the busiest:\n\n", u, plural(int64(len(points)), u))
	fmt.Fprintf(b, "| %s (UTC) | Lines | Failures |\n|---|--:|--:|\n", strings.ToUpper(u[:1])+u[1:])
	for _, p := range points[:min(busiest, len(points))] {
		fmt.Fprintf(b, "| %s | %s | %s |\n", short(p.Start), grouped(p.Lines), grouped(p.Failures))
	}
}

func (r *Report) writeBursts(b *strings.Builder) {
	if len(r.Traffic.Points) == 0 {
		return
	}
	b.WriteString("\n## Bursts\n\n")
	if len(r.Bursts) == 0 {
		b.WriteString("No minute or hour stands out.\n")
		return
	}
	b.WriteString("| From (UTC) | To | Lines | Peak | Typical |\n|---|---|--:|--:|--:|\n")
	for _, x := range r.Bursts {
		fmt.Fprintf(b, "| %s | %s | %s | %s per %s | %s |\n", short(x.Start), short(x.End), grouped(x.Lines), grouped(x.Peak), x.Unit, grouped(x.Typical))
	}
}

func writeRanking(b *strings.Builder, k titledRanking) {
	if len(k.Top) == 0 {
		return
	}
	about, least := "", ""
	if !k.Exact {
		about, least = "about ", " (at least)"
	}
	fmt.Fprintf(b, "\n## %s\n\n%s%s different.\n\n| %s | Count%s |\n|---|--:|\n", k.title, about, grouped(k.Distinct), k.column, least)
	for _, c := range k.Top {
		fmt.Fprintf(b, "| %s | %s |\n", cell(c.Value), grouped(c.Count))
	}
}
