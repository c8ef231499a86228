package wire

import (
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// notify is put together by hand for the same reason as message is.
func notify(method string, params json.RawMessage) []byte {
	b := make([]byte, 0, len(`{"jsonrpc":"2.0","method":"","params":}`)+len(method)+len(params))
	b = append(append(b, `{"jsonrpc":"2.0","method":"`...), method...)
	b = append(append(b, `","params":`...), params...)
	return append(b, '}')
}

// Progress is the message of notifications/progress for the request that gave the token. It is of a task where that goes on after its
// request (2025-11-25), otherwise of none: "". The progress must rise from one to the next; a total of 0 is unknown, and so is a
// position in the queue of 0.
func Progress(of tasks.ID, token json.RawMessage, value, total float64, message string, position int) []byte {
	return notify(NoticeProgress, encode(struct {
		Meta     *resultMeta     `json:"_meta,omitempty"`
		Token    json.RawMessage `json:"progressToken"`
		Progress float64         `json:"progress"`
		Total    float64         `json:"total,omitempty"`
		Message  string          `json:"message,omitempty"`
	}{metaOf(resultMeta{Related: relatedTo(of), Progress: waiting(value, position)}), token, value, total, message}))
}

// waiting is what the notification of a task that is queued says for programs; nil for one that is not.
func waiting(value float64, position int) *progress {
	if position == 0 {
		return nil
	}
	return &progress{Progress: value, QueuePosition: position}
}

// Logged is the message of notifications/message, of a task or of none as in Progress.
func Logged(of tasks.ID, level Level, logger, message string) []byte {
	return notify(NoticeMessage, encode(struct {
		Meta   *resultMeta `json:"_meta,omitempty"`
		Level  Level       `json:"level"`
		Logger string      `json:"logger,omitempty"`
		Data   string      `json:"data"`
	}{metaOf(resultMeta{Related: relatedTo(of)}), level, logger, message}))
}

// The lists that may change while a client listens.
const (
	ToolList     = "tools"
	ResourceList = "resources" // and templates
	PromptList   = "prompts"
)

// ListChanged is the message that one of these lists changed: on a subscription, or on a session's stream, which has none.
func ListChanged(list string, subscription json.RawMessage) []byte {
	return notify("notifications/"+list+"/list_changed", encode(struct {
		Meta *resultMeta `json:"_meta,omitempty"`
	}{metaOf(resultMeta{Subscription: subscription})}))
}

// ResourceUpdated is the message of notifications/resources/updated: on a subscription, or on a session's stream, which has none.
func ResourceUpdated(uri string, subscription json.RawMessage) []byte {
	return notify(NoticeResourcesUpdated, encode(struct {
		Meta *resultMeta `json:"_meta,omitempty"`
		URI  string      `json:"uri"`
	}{metaOf(resultMeta{Subscription: subscription}), uri}))
}
