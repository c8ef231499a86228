package wire

import "encoding/json"

// notify is put together by hand for the same reason as message is.
func notify(method string, params json.RawMessage) []byte {
	b := make([]byte, 0, len(`{"jsonrpc":"2.0","method":"","params":}`)+len(method)+len(params))
	b = append(append(b, `{"jsonrpc":"2.0","method":"`...), method...)
	b = append(append(b, `","params":`...), params...)
	return append(b, '}')
}

// Progress is the message of notifications/progress for the request that gave the token. The progress must rise from one
// to the next; a total of 0 is unknown, and so is a position in the queue of 0.
func Progress(token json.RawMessage, value, total float64, message string, position int) []byte {
	return notify("notifications/progress", encode(struct {
		Meta     *resultMeta     `json:"_meta,omitempty"`
		Token    json.RawMessage `json:"progressToken"`
		Progress float64         `json:"progress"`
		Total    float64         `json:"total,omitempty"`
		Message  string          `json:"message,omitempty"`
	}{metaOf(resultMeta{Progress: waiting(value, position)}), token, value, total, message}))
}

// waiting is what the notification of a task that is queued says for programs; nil for one that is not.
func waiting(value float64, position int) *progress {
	if position == 0 {
		return nil
	}
	return &progress{Progress: value, QueuePosition: position}
}

// Logged is the message of notifications/message.
func Logged(level Level, logger, message string) []byte {
	return notify("notifications/message", encode(struct {
		Level  Level  `json:"level"`
		Logger string `json:"logger,omitempty"`
		Data   string `json:"data"`
	}{level, logger, message}))
}
