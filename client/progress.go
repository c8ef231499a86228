package client

import (
	"crypto/rand"
	"encoding/json"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

// progressNotice is what a progress notification says.
type progressNotice struct {
	related
	Token    any     `json:"progressToken"`
	Progress float64 `json:"progress"`
	Total    float64 `json:"total"`
	Message  string  `json:"message"`
}

func readProgress(m message) (n progressNotice, ok bool) {
	return n, m.Method == wire.NoticeProgress && json.Unmarshal(m.Params, &n) == nil
}

func (n progressNotice) progress() tasks.Progress {
	return tasks.Progress{Done: n.Progress, Total: n.Total, Message: n.Message}
}

// newToken is a progress token: what is said about one request is not taken for another's.
func newToken() string { return rand.Text() }
