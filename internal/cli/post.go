package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/tasks"
)

// post tells what a tool asks where nobody can be asked, and how to answer from elsewhere.
func (s *session) post(q client.Question) {
	s.screen.take()
	defer s.screen.give()
	fmt.Fprintf(s.errs, "%s %s %s\n", time.Now().Format(time.TimeOnly), asks(q), s.wayToAnswer(q))
}

// wayToAnswer: other servers of earlier revisions take an answer only from who waits.
func (s *session) wayToAnswer(q client.Question) string {
	if about := s.client.Server(); about.Name != "longhaul" && about.Revision < "2026" {
		return "At a terminal you are asked by: " + s.resumption(q.TaskID)
	}
	return "Answer: " + s.answering(q, false)
}

// asks is what a tool asks: "asks flavour (string): Which flavour?"
func asks(q client.Question) string {
	words := "asks"
	if names := fields(q, property.label); len(names) > 0 {
		words += " " + strings.Join(names, ", ")
	}
	words += ": " + oneLine(q.Message())
	if q.Kind() == tasks.CanVisit {
		words += " Please visit " + oneLine(q.URL())
	}
	return words
}

// answering is the command that answers a question. With several open ones it says which.
func (a *app) answering(q client.Question, several bool) string {
	words := []string{"answer", q.TaskID}
	if several {
		words = append(words, "-question", q.Key)
	}
	return a.command(append(words, fields(q, func(p property) string { return p.Name + "=…" })...)...)
}

// fields are those of the form, each in some words; none where it cannot be read.
func fields(q client.Question, say func(property) string) (list []string) {
	s, err := readSchema(q.Schema())
	if err != nil {
		return nil
	}
	for _, p := range s.Properties {
		list = append(list, say(p))
	}
	return list
}
