package cli

import (
	"fmt"
	"maps"
	"slices"

	"github.com/longhaul-mcp/longhaul/client"
	"github.com/longhaul-mcp/longhaul/internal/spelling"
	"github.com/longhaul-mcp/longhaul/tasks"
)

type answerCmd struct {
	ID       string   `arg:"" help:"Task."`
	Form     []string `arg:"" optional:"" name:"name=value" help:"What to fill in, as arguments of call; without any you are asked."`
	Question string   `help:"Which question; not needed if only one is open."`
	Decline  bool     `help:"Say no."`
}

// Run answers a question of a task.
func (cmd *answerCmd) Run(a *app) error {
	c, err := a.dial(client.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	t, err := c.Get(a.ctx, cmd.ID)
	if err != nil {
		return err
	}
	if t.Status == tasks.InputRequired && len(t.Questions) == 0 {
		return fmt.Errorf("%w: %s", client.ErrNoAnswers, a.resumption(cmd.ID)+" asks you")
	}
	q, err := cmd.choose(t)
	if err != nil {
		return err
	}
	answer, err := cmd.answer(a, q)
	if err != nil {
		return err
	}
	return c.Answer(a.ctx, cmd.ID, map[string]client.Answer{q.Key: answer})
}

func (cmd *answerCmd) choose(t *client.Task) (client.Question, error) {
	keys := slices.Sorted(maps.Keys(t.Questions))
	key := cmd.Question
	switch {
	case len(keys) == 0:
		return client.Question{}, fmt.Errorf("the task asks nothing: it is %s", t.Status)
	case key == "" && len(keys) == 1:
		key = keys[0]
	case key == "":
		return client.Question{}, usage("several questions are open: choose one of %q by -question", keys)
	}
	request, ok := t.Questions[key]
	if !ok {
		return client.Question{}, usage("no question %s%s", key, spelling.Suggestion(key, keys))
	}
	return client.Question{TaskID: t.ID, Key: key, InputRequest: request}, nil
}

func (cmd *answerCmd) answer(a *app, q client.Question) (client.Answer, error) {
	if cmd.Decline {
		return client.Decline(), nil
	}
	if len(cmd.Form) == 0 && a.interactive {
		p := &prompter{app: a, screen: &screen{shows: &plain{out: a.errs}}}
		return p.answer(a.ctx, q)
	}
	form, err := readArguments(q.Schema(), cmd.Form)
	return client.Accept(form), err
}
