package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
)

// session is one wait for a tool, with what the person at the terminal sees and says meanwhile.
type session struct {
	*app
	client   *client.Client
	screen   *screen
	prompter *prompter
}

// open connects, for commands that wait. Questions find somebody: at this terminal, or at another one later.
func (a *app) open(tool string, log logLevel) (*session, error) {
	s := &session{app: a, screen: &screen{shows: a.display(tool)}}
	s.prompter = &prompter{app: a, screen: s.screen}
	opts := client.Options{Changed: s.screen.show, Trouble: s.screen.troubled}
	if a.interactive {
		opts.Answer = s.prompter.answer
	} else {
		opts.Asked = s.post
	}
	var err error
	if log == "" {
		s.client, err = a.dial(opts)
	} else {
		s.client, err = s.dialForLog(opts, log)
	}
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
	s.catch()
	done := make(chan outcome, 1)
	go func() { done <- do(ctx) }()
	for {
		select {
		case o := <-done:
			s.screen.take()
			s.tellDetached(id, o.err)
			return o
		case signal := <-s.interrupts:
			if err := s.interrupted(ctx, id, signal); err != nil {
				leave(err)
			}
		}
	}
}

// catch takes the signals that stop a wait. Until there is one they end the program as they end any.
func (s *session) catch() {
	signal.Notify(s.interrupts, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(s.interrupts, syscall.SIGHUP)
	}
}

// interrupted decides what Ctrl-C means: an error ends the wait. Other signals are no question.
func (s *session) interrupted(ctx context.Context, id string, signal os.Signal) error {
	if signal != os.Interrupt || !s.interactive || !s.prompter.busy.TryLock() { // nobody to ask, or Ctrl-C at a question
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

// tellStarted names the task where lines stay: whatever happens to this program, it can be found again.
func (s *session) tellStarted(id string) {
	if !s.terminal {
		fmt.Fprintf(s.errs, "%s task %s started\n", time.Now().Format(time.TimeOnly), id)
	}
}

// tellDetached says how to come back.
func (s *session) tellDetached(id string, err error) {
	left := errors.Is(err, errDetached) || errors.Is(err, errTimeout)
	switch {
	case id != "" && (left || errors.Is(err, client.ErrUnreachable)):
		fmt.Fprintf(s.errs, "\nThe task goes on: %s\nTo wait for it again: %s\n", id, s.resumption(id))
	case left:
		fmt.Fprintln(s.errs, "\nThe server has not handed out a task: the call is given up.")
	}
}

// resumption is the command that waits for a task again.
func (a *app) resumption(id string) string { return a.command("wait", id) }

// command is a command line that means the same server as this one.
func (a *app) command(words ...string) string {
	words = append([]string{"longhaul"}, words...)
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
	s.asked = id
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
