package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/wire"
)

func TestAFailedLegacyTaskSaysWhatItsToolSaid(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 1000)
	for result, want := range map[string]string{
		`{"content":[{"type":"text","text":"no such site"}],"isError":true}`: "the tool reported an error: no such site",
		`{"content":[{"type":"text","text":"` + long + `"}]}`:                "the tool reported an error: " + long[:1000] + "…", // 500 of them
		`{"content":[{"type":"image","data":"AA=="}]}`:                       "the tool reported an error: tasks/result has it",
		`{"content":[]}`: "the tool reported an error: tasks/result has it",
		``:               "the tool reported an error: tasks/result has it",
	} {
		var got struct{ Status, StatusMessage string }
		if err := json.Unmarshal(wire.LegacyTask(&tasks.Task{Status: tasks.Completed, Result: []byte(result)}), &got); err != nil {
			t.Fatal(err)
		}
		if got.Status != "failed" || got.StatusMessage != want {
			t.Errorf("%.80s: %s, %q", result, got.Status, got.StatusMessage)
		}
	}
}
