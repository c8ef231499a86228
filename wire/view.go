package wire

import (
	"encoding/json"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// TaskView is a task as a client reads it, from any server: of the extension, or of 2025-11-25, whose members have other names.
type TaskView struct {
	ID            string
	Status        tasks.Status
	StatusMessage string
	Created       time.Time // zero if the server wrote no time that can be read
	Updated       time.Time
	TTL           time.Duration // from creation; 0: not bounded
	PollInterval  time.Duration // 0: the server does not say
	Questions     map[string]tasks.InputRequest
	Result        json.RawMessage // of a completed task; earlier revisions have tasks/result
	Error         *tasks.Error    // of a failed task, likewise
	Progress      tasks.Progress  // a Longhaul server's
	Attempts      Attempts        // a Longhaul server's
}

// Attempts is how often a task has been tried, once that is worth telling.
type Attempts struct {
	Attempt, Failures, Limit int
	LastError                string
	Next                     time.Time // when the current attempt may start; zero: it has, or may at any time
}

type received struct {
	Meta struct {
		Progress progress `json:"dev.longhaul/progress"`
		Attempts attempts `json:"dev.longhaul/attempts"`
	} `json:"_meta"`
	TaskID         string                        `json:"taskId"`
	Status         tasks.Status                  `json:"status"`
	StatusMessage  string                        `json:"statusMessage"`
	CreatedAt      string                        `json:"createdAt"`
	LastUpdatedAt  string                        `json:"lastUpdatedAt"`
	TTLMs          float64                       `json:"ttlMs"`
	PollIntervalMs float64                       `json:"pollIntervalMs"`
	TTL            float64                       `json:"ttl"`
	PollInterval   float64                       `json:"pollInterval"`
	InputRequests  map[string]tasks.InputRequest `json:"inputRequests"`
	Result         json.RawMessage               `json:"result"`
	Error          *tasks.Error                  `json:"error"`
}

// ReadTask reads a task from a CreateTaskResult, a result of tasks/get or a notification.
func ReadTask(raw json.RawMessage) (TaskView, error) {
	var r received
	if err := tasks.Unmarshal(raw, &r); err != nil {
		return TaskView{}, err
	}
	p, a := r.Meta.Progress, r.Meta.Attempts
	return TaskView{
		ID:            r.TaskID,
		Status:        r.Status,
		StatusMessage: r.StatusMessage,
		Created:       readTime(r.CreatedAt),
		Updated:       readTime(r.LastUpdatedAt),
		TTL:           readMs(max(r.TTLMs, r.TTL)),
		PollInterval:  readMs(max(r.PollIntervalMs, r.PollInterval)),
		Questions:     r.InputRequests,
		Result:        r.Result,
		Error:         r.Error,
		Progress:      p.read(),
		Attempts:      Attempts{a.Attempt, a.Failures, a.Limit, a.LastError, readTime(a.NextAt)},
	}, nil
}

func (p progress) read() tasks.Progress {
	return tasks.Progress{Done: p.Progress, Total: p.Total, Message: p.Message, ETA: readMs(float64(p.ETAMs))}
}

// readTime is lenient: a server that writes its times badly still has tasks.
func readTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// readMs bounds what a server says, so that no sum with it overflows.
func readMs(ms float64) time.Duration {
	const year = 365 * 24 * time.Hour
	return time.Duration(min(max(0, ms), float64(100*year/time.Millisecond))) * time.Millisecond
}

// ListedTask is an entry of what the tool task_list answers.
type ListedTask struct {
	ID            string
	Tool          string
	Status        tasks.Status
	StatusMessage string
	Progress      tasks.Progress
	Created       time.Time
	Updated       time.Time
}

// ReadTaskList reads the structured content of the tool task_list, or the result of a tasks/list, which knows neither tools nor progress.
func ReadTaskList(raw json.RawMessage) (list []ListedTask, next string, err error) {
	var page struct {
		Tasks []struct {
			TaskID        string       `json:"taskId"`
			Tool          string       `json:"tool"`
			Status        tasks.Status `json:"status"`
			Message       string       `json:"message"`
			StatusMessage string       `json:"statusMessage"`
			Progress      progress     `json:"progress"`
			CreatedAt     string       `json:"createdAt"`
			LastUpdatedAt string       `json:"lastUpdatedAt"`
		} `json:"tasks"`
		NextCursor string `json:"nextCursor"`
	}
	if err := tasks.Unmarshal(raw, &page); err != nil {
		return nil, "", err
	}
	for _, t := range page.Tasks {
		list = append(list, ListedTask{
			ID: t.TaskID, Tool: t.Tool, Status: t.Status, StatusMessage: t.Message + t.StatusMessage,
			Progress: t.Progress.read(),
			Created:  readTime(t.CreatedAt), Updated: readTime(t.LastUpdatedAt),
		})
	}
	return list, page.NextCursor, nil
}
