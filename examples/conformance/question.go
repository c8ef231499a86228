package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/tasks"
)

type color struct {
	Color string `json:"color" jsonschema:"the one you like best"`
}

type consent struct {
	OK bool `json:"ok" jsonschema:"whether to go on"`
}

type prompt struct {
	Prompt string `json:"prompt,omitempty" jsonschema:"what the client's model is asked"`
}

// What the suite's multi-round fixtures ask.
var (
	greetMe   = tasks.Question{Key: "greeting", Request: sample("Generate a greeting", 50)}
	yourRoots = tasks.Question{Key: "client_roots", Request: tasks.Roots()}
)

func addQuestionTools(reg *tasks.Registry) {
	add := func(name, description string, fn func(context.Context, *tasks.Attempt, none) (*tasks.Result, error), before ...tasks.Question) {
		// never a handle: what the client cannot answer is an error for the suite, not something that task_answer can mend
		tasks.AddTool(reg, tasks.Tool{Name: name, Description: description, Policy: tasks.Policy{Before: before, Task: tasks.Forbidden}}, fn)
	}
	const mrtr = "test_input_required_result_"
	// Questions that are known before the work starts are asked before there is a task; the others by a running attempt.
	add(mrtr+"elicitation", "Ask for a name, before the work", greetAsked, whoAreYou)
	add(mrtr+"multiple_inputs", "Ask three kinds of question at once, before the work", allKinds, whoAreYou, greetMe, yourRoots)
	add(mrtr+"sampling", "Ask the client's model", askModel)
	add(mrtr+"list_roots", "Ask for the client's roots", askRoots)
	add(mrtr+"request_state", "Ask for consent; the state comes back signed", askConsent)
	add(mrtr+"tampered_state", "Ask for consent; a forged state is refused", askConsent)
	add(mrtr+"multi_round", "Ask twice, one after the other", askTwice)
	add(mrtr+"capabilities", "Ask only what the client can answer", askWhatItCan)
	add("test_missing_capability", "Need a client that can sample", func(context.Context, *tasks.Attempt, none) (*tasks.Result, error) {
		return tasks.Text("the client can sample"), nil
	}, greetMe)
	tasks.AddTool(reg, tasks.Tool{Name: "test_sampling", Description: "Pass a prompt to the client's model"}, askPrompt)
}

func allKinds(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	var who person
	if err := ask(ctx, a, whoAreYou.Key, whoAreYou.Request, &who); err != nil {
		return nil, err
	}
	text, err := sampled(ctx, a, greetMe)
	if err != nil {
		return nil, err
	}
	roots, err := listed(ctx, a, yourRoots)
	if err != nil {
		return nil, err
	}
	return tasks.Text(fmt.Sprintf("%s %s, %d root(s) visible", text, who.Name, len(roots))), nil
}

func askModel(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	text, err := sampled(ctx, a, tasks.Question{Key: "capital_question", Request: sample("What is the capital of France?", 100)})
	if err != nil {
		return nil, err
	}
	return tasks.Text("Sampling response: " + text), nil
}

func askPrompt(ctx context.Context, a *tasks.Attempt, in prompt) (*tasks.Result, error) {
	text, err := sampled(ctx, a, tasks.Question{Key: "prompt", Request: sample(in.Prompt, 100)})
	if err != nil {
		return nil, err
	}
	return tasks.Text("LLM response: " + text), nil
}

func askRoots(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	roots, err := listed(ctx, a, yourRoots)
	if err != nil {
		return nil, err
	}
	return tasks.Text(fmt.Sprintf("Client exposed %d root(s): %s", len(roots), strings.Join(roots, ", "))), nil
}

func askConsent(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	var c consent
	if err := ask(ctx, a, "confirm", tasks.Form[consent]("Please confirm"), &c); err != nil {
		return nil, err
	}
	return tasks.Text("state-ok: requestState received and confirmation accepted"), nil
}

func askTwice(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	var who person
	if err := ask(ctx, a, "step1", tasks.Form[person]("Step 1: What is your name?"), &who); err != nil {
		return nil, err
	}
	var c color
	if err := ask(ctx, a, "step2", tasks.Form[color]("Step 2: What is your favorite color?"), &c); err != nil {
		return nil, err
	}
	return tasks.Text(who.Name + " likes " + c.Color), nil
}

func askWhatItCan(ctx context.Context, a *tasks.Attempt, _ none) (*tasks.Result, error) {
	asked := 0
	for _, q := range []tasks.Question{whoAreYou, greetMe, yourRoots} {
		switch _, err := a.Ask(ctx, q.Key, q.Request); {
		case errors.Is(err, tasks.ErrCannotAsk):
		case err != nil:
			return nil, err
		default:
			asked++
		}
	}
	return tasks.Text(fmt.Sprintf("%d of 3 questions were answered", asked)), nil
}

func sample(text string, maxTokens int64) tasks.InputRequest {
	return tasks.Sample(&mcp.CreateMessageParams{
		Messages:  []*mcp.SamplingMessage{{Role: "user", Content: &mcp.TextContent{Text: text}}},
		MaxTokens: maxTokens,
	})
}

// sampled asks the client's model and returns what it wrote.
func sampled(ctx context.Context, a *tasks.Attempt, q tasks.Question) (string, error) {
	reply, err := a.Ask(ctx, q.Key, q.Request)
	if err != nil {
		return "", err
	}
	var message struct {
		Content struct{ Text string }
	}
	if err := json.Unmarshal(reply.Raw, &message); err != nil {
		return "", fmt.Errorf("sampled message: %w", err)
	}
	return message.Content.Text, nil
}

// listed asks for the client's roots and returns their URIs.
func listed(ctx context.Context, a *tasks.Attempt, q tasks.Question) ([]string, error) {
	reply, err := a.Ask(ctx, q.Key, q.Request)
	if err != nil {
		return nil, err
	}
	var list struct {
		Roots []struct{ URI string }
	}
	if err := json.Unmarshal(reply.Raw, &list); err != nil {
		return nil, fmt.Errorf("listed roots: %w", err)
	}
	uris := make([]string, len(list.Roots))
	for i, root := range list.Roots {
		uris[i] = root.URI
	}
	return uris, nil
}
