package tasks

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is how often something may be started: at most N times within any span of Per. As text it is "10/m", "5/s", "100/h", or with any other
// time "3/90s". The zero value is no limit.
type Rate struct {
	N   int
	Per time.Duration
}

const (
	maxRate     = 10_000 // Redis remembers so many starts
	shortestPer = time.Second
	longestPer  = 24 * time.Hour
)

var (
	errRate = errors.New(`use a number of starts and a time, such as "5/s", "10/m", "100/h" or "3/90s"`)
	units   = map[time.Duration]string{time.Second: "s", time.Minute: "m", time.Hour: "h"}
)

// IsZero reports whether there is no limit.
func (r Rate) IsZero() bool { return r == Rate{} }

func (r Rate) String() string {
	if r.IsZero() {
		return ""
	}
	per, ok := units[r.Per]
	if !ok {
		per = r.Per.String()
	}
	return strconv.Itoa(r.N) + "/" + per
}

// MarshalText writes a rate as "10/m".
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText, or a person, wrote.
func (r *Rate) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = Rate{}
		return nil
	}
	count, per, _ := strings.Cut(string(text), "/")
	n, err := strconv.Atoi(count)
	if err != nil {
		return fmt.Errorf("rate %q: %w", text, errRate)
	}
	if per != "" && strings.Trim(per, "smh") == "" {
		per = "1" + per
	}
	d, err := time.ParseDuration(per)
	if err != nil {
		return fmt.Errorf("rate %q: %w", text, errRate)
	}
	*r = Rate{n, d}
	return r.Validate()
}

// Validate explains what is wrong with the rate, if anything.
func (r Rate) Validate() error {
	switch {
	case r.IsZero():
		return nil
	case r.N < 1 || r.N > maxRate:
		return fmt.Errorf("rate %q: the number of starts must be from 1 to %d", r, maxRate)
	case r.Per < shortestPer || r.Per > longestPer:
		return fmt.Errorf("rate %q: the time must be from %s to %s", r, shortestPer, longestPer)
	case r.Per%time.Millisecond != 0:
		return fmt.Errorf("rate %q: the time must be whole milliseconds", r)
	}
	return nil
}
