package cli

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/longhaul-mcp/longhaul/client"
)

const (
	longestBar  = 30
	shortestBar = 8
	// shortestText is what is worth showing of a text that does not fit.
	shortestText = 10
	gap          = "  "
)

// picture is how a task stands, on one line of a terminal: "crawl [=====>     ]  42%  420/1000  35/s  ETA 17s  /docs". Where that is too
// narrow the least important goes first.
func picture(name string, t client.Task, m *meter, now time.Time, width int) string {
	if t.Progress.Total <= 0 {
		return clip(spin(now)+" "+name+gap+state(t, now), width)
	}
	share := share(t)
	n := m.numbers(now)
	percent := fmt.Sprintf("%3.0f%%", 100*share)
	room := width - len(percent) - shortestBar - 1
	fits := func(text string) string {
		if text == "" || utf8.RuneCountInString(text)+len(gap) > room {
			return ""
		}
		room -= utf8.RuneCountInString(text) + len(gap)
		return text
	}
	left, title, rate, amount := fits(n.left), fits(name), fits(n.rate), fits(n.amount)
	message := ""
	if spare := room - len(gap) - shortestBar; spare >= shortestText { // the bar has the other half of it
		message = fits(clip(oneLine(doing(t)), spare))
	}
	length := min(longestBar, shortestBar+max(0, room))
	words := strings.Join(some(percent, amount, rate, left, message), gap)
	return clip(strings.Join(some(title, drawn(share, length)), " ")+" "+words, width)
}

// doing is what a task that tells how far it is says about it; while it waits for its next attempt, why it does.
func doing(t client.Task) string {
	if !t.Attempts.Next.IsZero() {
		return t.Message
	}
	return t.Progress.Message
}

// lostPicture is how a task stood when the server was heard last. Rates and ends would be made up.
func lostPicture(name string, t client.Task, words string, now time.Time, width int) string {
	if t.Progress.Total <= 0 {
		return clip(spin(now)+" "+name+gap+oneLine(words), width)
	}
	share := share(t)
	return clip(fmt.Sprintf("%s %s %3.0f%%%s%s", name, drawn(share, shortestBar), 100*share, gap, oneLine(words)), width)
}

func some(texts ...string) (list []string) {
	for _, text := range texts {
		if text != "" {
			list = append(list, text)
		}
	}
	return list
}

// drawn is the bar itself.
func drawn(share float64, length int) string {
	inner := length - 2
	full := int(share * float64(inner))
	bar := strings.Repeat("=", full)
	if full < inner {
		bar += ">"
	}
	return fmt.Sprintf("[%-*s]", inner, bar)
}

func spin(now time.Time) string {
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	return string(frames[int(now.UnixMilli()/frame.Milliseconds())%len(frames)])
}

// state says how a task stands that cannot tell how far it is.
func state(t client.Task, now time.Time) string {
	if t.Message != "" {
		return oneLine(t.Message)
	}
	return fmt.Sprintf("%s for %s", t.Status, roughly(now.Sub(t.Created)))
}

// clip cuts a text that is too long for its place.
func clip(text string, width int) string {
	if width < 1 || utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}

// oneLine keeps what a server says from moving the cursor.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}

// roughly is a duration as people say it.
func roughly(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
