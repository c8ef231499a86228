package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Tool describes a tool: what tools/list shows and how it is run. Its JSON form is what a worker announces.
type Tool struct {
	// Name is 1 to 64 letters, digits, and _ - . /
	Name        string               `json:"name"`
	Title       string               `json:"title,omitempty"`
	Description string               `json:"description,omitempty"`
	Annotations *mcp.ToolAnnotations `json:"annotations,omitempty"`
	// InputSchema and OutputSchema are inferred by AddTool where they are left out.
	InputSchema  json.RawMessage `json:"inputSchema,omitempty"`
	OutputSchema json.RawMessage `json:"outputSchema,omitempty"`
	// Unchecked: arguments are for the tool itself to check. Its input schema is another program's, and in words that cannot be compiled here.
	Unchecked bool           `json:"unchecked,omitempty"`
	Meta      map[string]any `json:"meta,omitempty"`
	Icons     []mcp.Icon     `json:"icons,omitempty"`
	Policy    Policy         `json:"policy"`
}

// Handler runs one attempt of a tool whose arguments have been checked against its input schema.
type Handler func(ctx context.Context, a *Attempt, args json.RawMessage) (*Result, error)

var toolName = regexp.MustCompile(`^[A-Za-z0-9_./-]{1,64}$`)

const maxToolLen = 1 << 20

// Validate explains everything that is wrong with the description of a tool.
func (t *Tool) Validate() error {
	var errs []error
	if !toolName.MatchString(t.Name) {
		errs = append(errs, errors.New("name: use 1 to 64 letters, digits, and _ - . /"))
	}
	if n := len(t.Description) + len(t.InputSchema) + len(t.OutputSchema); n > maxToolLen {
		errs = append(errs, fmt.Errorf("description and schemas have %d bytes, the limit is %d", n, maxToolLen))
	}
	if err := objectSchema(t.InputSchema); err != nil {
		errs = append(errs, fmt.Errorf("input schema: %w", err))
	}
	if t.OutputSchema != nil {
		if err := objectSchema(t.OutputSchema); err != nil {
			errs = append(errs, fmt.Errorf("output schema: %w", err))
		}
	}
	if err := t.Policy.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("policy: %w", err))
	}
	return errors.Join(errs...)
}

// CompileInput is what arguments are checked against before there is a task.
func (t *Tool) CompileInput() (*Schema, error) {
	if t.Unchecked {
		return CompileSchema(json.RawMessage(`{"type":"object"}`))
	}
	return CompileSchema(t.InputSchema)
}

func objectSchema(raw json.RawMessage) error {
	var s struct {
		Type any `json:"type"`
	}
	if err := Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("not a JSON schema: %w", err)
	}
	if s.Type != "object" {
		return errors.New(`its "type" must be "object"`)
	}
	return nil
}

// Digest returns a hash that tells two versions of a tool apart.
func (t *Tool) Digest() string {
	b, err := json.Marshal(t)
	if err != nil {
		return "" // only a Meta that cannot be JSON; Registry.Add has refused it
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
