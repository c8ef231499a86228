package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// lines are what a person writes. Reading from a terminal cannot be given up, so one goroutine reads as long as the program lives.
type lines struct {
	in    io.Reader
	start sync.Once
	next  chan string // closed at the end of the input
}

func newLines(in io.Reader) *lines { return &lines{in: in, next: make(chan string)} }

func (l *lines) read(ctx context.Context) (string, error) {
	l.start.Do(func() {
		go func() {
			defer close(l.next)
			for s := bufio.NewScanner(l.in); s.Scan(); {
				l.next <- s.Text()
			}
		}()
	})
	select {
	case line, ok := <-l.next:
		if !ok {
			return "", io.EOF
		}
		return strings.TrimSpace(line), nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// prompter asks a person, one question after the other.
type prompter struct {
	*app
	screen *screen
	busy   sync.Mutex
}

var errDeclined = errors.New("declined")

const decline = "!"

// answer puts a tool's question to the person. At the end of the input the task goes on without.
func (p *prompter) answer(ctx context.Context, q client.Question) (client.Answer, error) {
	p.busy.Lock()
	defer p.busy.Unlock()
	p.screen.take()
	defer p.screen.give()
	if q.Refused != nil {
		fmt.Fprintln(p.errs, "The server does not take that:", q.Refused)
	}
	a, err := p.ask(ctx, q)
	switch {
	case errors.Is(err, errDeclined):
		return client.Decline(), nil
	case errors.Is(err, io.EOF):
		return a, errDetached
	case errors.Is(err, errDetached), errors.Is(err, errTimeout): // it is still needed, but we leave
	case err != nil && ctx.Err() != nil:
		fmt.Fprintln(p.errs, "\n(not needed any more)")
	}
	return a, err
}

func (p *prompter) ask(ctx context.Context, q client.Question) (client.Answer, error) {
	fmt.Fprintf(p.errs, "\n%s  (%s declines)\n", q.Message(), decline)
	if q.Kind() == tasks.CanVisit {
		return p.visit(ctx, q.URL())
	}
	s, err := readSchema(q.Schema())
	if err != nil {
		return client.Answer{}, err
	}
	form := make(map[string]any, len(s.Properties))
	for _, field := range s.Properties {
		v, err := p.field(ctx, field, s.required(field.Name))
		if err != nil {
			return client.Answer{}, err
		}
		if v != nil {
			form[field.Name] = v
		}
	}
	if len(s.Properties) == 0 {
		return p.confirm(ctx, "Accept?", form)
	}
	return client.Accept(form), nil
}

func (p *prompter) visit(ctx context.Context, url string) (client.Answer, error) {
	fmt.Fprintf(p.errs, "Please visit: %s\n", url)
	return p.confirm(ctx, "Done?", nil)
}

func (p *prompter) confirm(ctx context.Context, what string, content any) (client.Answer, error) {
	for {
		line, err := p.line(ctx, what+" [y/N] ")
		switch {
		case err != nil:
			return client.Answer{}, err
		case isYes(line):
			return client.Accept(content), nil
		case line == "" || strings.HasPrefix(strings.ToLower(line), "n"):
			return client.Decline(), nil
		}
	}
}

func isYes(line string) bool { return strings.EqualFold(line, "y") || strings.EqualFold(line, "yes") }

// field asks for one value until it fits. An optional one may be left out.
func (p *prompter) field(ctx context.Context, field property, required bool) (any, error) {
	for {
		line, err := p.line(ctx, "  "+field.prompt(required)+" ")
		switch {
		case err != nil:
			return nil, err
		case line == "" && field.Default != nil:
			return field.Default, nil
		case line == "" && field.kind() == "boolean":
			return false, nil
		case line == "" && !required:
			return nil, nil
		case line == "":
			fmt.Fprintln(p.errs, "  it is required")
			continue
		}
		v, err := field.value(line)
		if err == nil {
			return v, nil
		}
		fmt.Fprintln(p.errs, " ", err)
	}
}

// prompt is what stands before the place to write: "name (string) [default]:".
func (p property) prompt(required bool) string {
	s := p.String()
	switch {
	case p.kind() == "boolean" && string(p.Default) == "true":
		return s + " [Y/n]"
	case p.kind() == "boolean":
		return s + " [y/N]"
	case p.Default != nil:
		return s + " [" + strings.Trim(string(p.Default), `"`) + "]:"
	case !required:
		return s + " (optional):"
	}
	return s + ":"
}

func (p *prompter) line(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(p.errs, prompt)
	line, err := p.lines.read(ctx)
	if line == decline {
		err = errDeclined
	}
	return line, err
}
