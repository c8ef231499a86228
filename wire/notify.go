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
// to the next; a total of 0 is unknown.
func Progress(token json.RawMessage, progress, total float64, message string) []byte {
	return notify("notifications/progress", encode(struct {
		Token    json.RawMessage `json:"progressToken"`
		Progress float64         `json:"progress"`
		Total    float64         `json:"total,omitempty"`
		Message  string          `json:"message,omitempty"`
	}{token, progress, total, message}))
}

// Logged is the message of notifications/message.
func Logged(level Level, logger, message string) []byte {
	return notify("notifications/message", encode(struct {
		Level  Level  `json:"level"`
		Logger string `json:"logger,omitempty"`
		Data   string `json:"data"`
	}{level, logger, message}))
}
