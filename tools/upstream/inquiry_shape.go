package upstream

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// shaped returns the result of an inquiry if it has the shape that MCP requires: clients are not to be handed anything else.
func shaped(method string, result json.RawMessage) (json.RawMessage, error) {
	var o wire.Object
	err := tasks.Unmarshal(result, &o)
	switch kind, _ := o.Text("resultType"); {
	case err != nil:
	case o == nil:
		err = errors.New("it must be an object, not null")
	case kind == wire.TypeInputRequired: // a question comes first
	case method == wire.MethodResourcesRead:
		err = checkContents(o)
	case method == wire.MethodPromptsGet:
		err = checkMessages(o)
	case method == wire.MethodCompletionComplete:
		result, err = fewValues(o, result)
	}
	if err != nil {
		return nil, fmt.Errorf("its answer to %s is not one of MCP's: %w", method, err)
	}
	return result, nil
}

func checkContents(o wire.Object) error {
	list, err := objects(o, "contents")
	for i, content := range list {
		_, uri := content.Text("uri")
		_, text := content.Text("text")
		_, blob := content.Text("blob")
		switch {
		case !uri:
			return fmt.Errorf("contents[%d].uri must be a string", i)
		case text == blob, content.Has("text") != text, content.Has("blob") != blob:
			return fmt.Errorf("contents[%d] must have either text or blob, a string", i)
		}
	}
	return err
}

func checkMessages(o wire.Object) error {
	list, err := objects(o, "messages")
	for i, message := range list {
		content, ok := message.Object("content")
		_, typed := content.Text("type")
		switch role, _ := message.Text("role"); {
		case role != "user" && role != "assistant":
			return fmt.Errorf("messages[%d].role must be user or assistant", i)
		case !ok || !typed:
			return fmt.Errorf("messages[%d].content must be an object with a type", i)
		}
	}
	return err
}

func objects(o wire.Object, member string) (list []wire.Object, err error) {
	if !o.Has(member) || json.Unmarshal(o[member], &list) != nil {
		return nil, fmt.Errorf("%s must be an array of objects", member)
	}
	return list, nil
}

// maxValues is how many values a completion may have (server/utilities/completion).
const maxValues = 100

// fewValues leaves out values beyond the most that a completion may have.
func fewValues(o wire.Object, result json.RawMessage) (json.RawMessage, error) {
	completion, ok := o.Object("completion")
	var values []string
	if !ok || !completion.Has("values") || json.Unmarshal(completion["values"], &values) != nil {
		return nil, errors.New("completion.values must be an array of strings")
	}
	if len(values) <= maxValues {
		return result, nil
	}
	completion["values"], completion["hasMore"] = encode(values[:maxValues]), encode(true)
	o["completion"] = encode(completion)
	return encode(o), nil
}
