package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// session is one wait for a tool, with what the person at the terminal sees and says meanwhile.
type session struct {
	*app
	client   *client.Client
	screen   *screen
	prompter *prompter
}

// open connects, for commands that wait. kinds are the questions that will find somebody.
func (a *app) open(tool string, kinds tasks.Capabilities) (*session, error) {
	s := &session{app: a, screen: &screen{shows: &plain{out: a.errs, now: time.Now}}}
	if a.terminal {
		s.screen.shows = newBar(a.errs, tool)
	}
	s.prompter = &prompter{app: a, screen: s.screen}
	opts := client.Options{Changed: s.screen.show, Answers: kinds}
	if a.interactive {
		opts.Answer = s.prompter.answer
	}
	var err error
	s.client, err = a.dial(opts)
	return s, err
}

// outcome is how a wait ended.
type outcome struct {
	task *client.Task // of a start
	r    *client.Result
	err  error
}

// await lets something take its time. Ctrl-C asks what to do, or stops waiting; id is empty while there is no task.
func (s *session) await(id string, do func(ctx context.Context) outcome) outcome {
	ctx, leave := context.WithCancelCause(s.ctx)
	defer leave(nil)
	if s.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.Timeout, errTimeout)
		defer cancel()
	}
	done := make(chan outcome, 1)
	go func() { done <- do(ctx) }()
	for {
		select {
		case o := <-done:
			s.screen.take()
			s.tellDetached(id, o.err)
			return o
		case <-s.interrupts:
			if err := s.interrupted(ctx, id); err != nil {
				leave(err)
			}
		}
	}
}

// interrupted decides what Ctrl-C means: an error ends the wait.
func (s *session) interrupted(ctx context.Context, id string) error {
	if !s.interactive || !s.prompter.busy.TryLock() { // nobody to ask, or Ctrl-C at a question
		return errDetached
	}
	defer s.prompter.busy.Unlock()
	s.screen.take()
	err := s.decide(ctx, id)
	if err == nil { // who leaves wants to see no more of it
		s.screen.give()
	}
	return err
}

func (s *session) decide(ctx context.Context, id string) error {
	for {
		switch s.choice(ctx, id) {
		case "d":
			return errDetached
		case "w":
			return nil
		case "c":
			if id == "" {
				return errDetached // leaving a call that is no task is all there is
			}
			if err := s.client.Cancel(ctx, id); err != nil {
				return err
			}
			return nil
		}
	}
}

// choice asks the person. A second Ctrl-C detaches.
func (s *session) choice(ctx context.Context, id string) string {
	what := "\n[d]etach (the task goes on), [c]ancel the task, or [w]ait? "
	if id == "" {
		what = "\nThe server has not handed out a task yet: [c]ancel the call, or [w]ait? "
	}
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	line := make(chan string, 1)
	go func() {
		fmt.Fprint(s.errs, what)
		text, err := s.lines.read(ctx)
		if err != nil {
			text = "d"
		}
		line <- text
	}()
	select {
	case text := <-line:
		if text == "" {
			return ""
		}
		return strings.ToLower(text[:1])
	case <-s.interrupts:
		return "d"
	}
}

// tellDetached says how to come back.
func (s *session) tellDetached(id string, err error) {
	if id != "" && (errors.Is(err, errDetached) || errors.Is(err, errTimeout) || errors.Is(err, client.ErrUnreachable)) {
		fmt.Fprintf(s.errs, "\nThe task goes on: %s\nTo wait for it again: %s\n", id, s.resumption(id))
	}
}

// resumption is the command that waits for a task again.
func (a *app) resumption(id string) string {
	words := []string{"longhaul", "wait", id}
	if a.URL != "" {
		words = append(words, "-url", a.URL)
	}
	if a.Profile != "" {
		words = append(words, "-profile", a.Profile)
	}
	return strings.Join(words, " ")
}

// wait follows a task to its end, and prints it.
func (s *session) wait(id string) error {
	o := s.await(id, func(ctx context.Context) outcome {
		r, err := s.client.Wait(ctx, id)
		return outcome{r: r, err: err}
	})
	return s.finish(o)
}

func (s *session) finish(o outcome) error {
	if o.err == nil {
		return s.printResult(o.r)
	}
	if e, ok := errors.AsType[*client.TaskError](o.err); ok && s.JSON {
		if err := s.printJSON(taskDocument(e.Task)); err != nil {
			return err
		}
	}
	return o.err
}
