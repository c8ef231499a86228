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

// newToken returns a progress token, which tells the progress of one request from another's.
func newToken() string { return rand.Text() }
