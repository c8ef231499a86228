package cli

import (
	"sync"

	"github.com/longhaul-mcp/longhaul/client"
)

// display shows how a task stands.
type display interface {
	show(t client.Task)
	clear()
}

// screen is what a display and questions to a person share.
type screen struct {
	mu    sync.Mutex
	shows display
	taken int
	last  *client.Task
}

func (s *screen) show(t client.Task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = &t
	if s.taken == 0 {
		s.shows.show(t)
	}
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
	}
}
