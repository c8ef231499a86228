package wire

import "encoding/json"

// The error codes of JSON-RPC 2.0.
const (
	CodeParse          = -32700
	CodeInvalidRequest = -32600
	CodeMethodNotFound = -32601
	CodeInvalidParams  = -32602
	CodeInternal       = -32603
)

// The error codes of protocol revision 2026-07-28.
const (
	CodeHeaderMismatch     = -32020
	CodeMissingCapability  = -32021
	CodeUnsupportedVersion = -32022
)

// CodeNoSession lies where revisions before 2026-07-28 leave room for servers.
const CodeNoSession = -32000

// Our own error codes. The specification asks that they lie outside of -32768 to -32000 (basic, Error Codes).
const (
	CodeUnavailable = 1503 // try again soon: the store does not answer, or this process is starting or stopping
	CodeCancelled   = 1499 // the task of a held call was cancelled
)

// Error is a JSON-RPC error. Data is any value that marshals to JSON.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// ErrorResponse is the whole message that answers a request with an error. An id that could not be read is left out
// (basic, Error Responses).
func ErrorResponse(id json.RawMessage, e *Error) []byte {
	b, err := json.Marshal(e)
	if err != nil { // the data cannot be JSON: the code and the message matter more
		b, _ = json.Marshal(&Error{Code: e.Code, Message: e.Message})
	}
	return message(id, `"error":`, b)
}
