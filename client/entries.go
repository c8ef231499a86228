package client

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// maxPages bounds a list whose server never ends it.
const maxPages = 1000

// Entries returns all entries of one of the protocol's list methods as the server wrote them; member is where they stand in the answer, such
// as "resources" for resources/list. It stops before they have more than so many bytes; then whole is false.
func (c *Client) Entries(ctx context.Context, method, member string, bytes int) (list []json.RawMessage, whole bool, err error) {
	params := object{}
	for range maxPages {
		page, next, err := c.page(ctx, method, member, params)
		if err != nil {
			return nil, false, err
		}
		for _, entry := range page {
			if bytes -= len(entry); bytes < 0 {
				return list, false, nil
			}
			list = append(list, entry)
		}
		if next == "" {
			return list, true, nil
		}
		params["cursor"] = next
	}
	return list, false, nil
}

func (c *Client) page(ctx context.Context, method, member string, params object) (page []json.RawMessage, next string, err error) {
	raw, err := c.persist(ctx, &request{method: method, params: params, limit: quick})
	if err != nil {
		return nil, "", err
	}
	var answer map[string]json.RawMessage
	err = tasks.Unmarshal(raw, &answer)
	for name, v := range map[string]any{member: &page, "nextCursor": &next} {
		if value, there := answer[name]; there && err == nil {
			if err = tasks.Unmarshal(value, v); err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", method, err)
	}
	return page, next, nil
}
