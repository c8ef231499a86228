package cli

import (
	"sync"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
)

// display shows how a task stands.
type display interface {
	show(t client.Task)
	trouble(t trouble)
	write(line string) // that stays
	clear()
}

// display is what suits the place that what is no answer goes to.
func (a *app) display(name string) display {
	if a.terminal {
		return newBar(a.errs, name)
	}
	return &plain{out: a.errs, now: time.Now}
}

// screen is what a display and questions to a person share.
type screen struct {
	mu    sync.Mutex
	shows display
	taken int
	last  *client.Task
	away  trouble
}

func (s *screen) show(t client.Task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = &t
	if s.taken == 0 {
		s.shows.show(t)
	}
}

// write shows a line that stays, also beside a question.
func (s *screen) write(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shows.write(line)
}

// take clears the screen until it is given back.
func (s *screen) take() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken++
	s.shows.clear()
}

func (s *screen) give() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken--; s.taken == 0 && s.last != nil {
		s.shows.show(*s.last)
		s.shows.trouble(s.away)
	}
}

// troubled is told by the client whether the server answers.
func (s *screen) troubled(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = s.away.next(err, time.Now())
	if s.taken == 0 {
		s.shows.trouble(s.away)
	}
}
