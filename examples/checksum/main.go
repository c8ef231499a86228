// Checksum is an MCP server with one durable tool: go run . serves it, go run . -redis URL makes it a worker.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/longhaul-mcp/longhaul/launch"
	"github.com/longhaul-mcp/longhaul/tasks"
)

type In struct {
	Files string `json:"files" jsonschema:"which files, as a glob such as *.iso"`
}

func checksum(ctx context.Context, a *tasks.Attempt, in In) (map[string]string, error) {
	files, err := filepath.Glob(in.Files)
	sums := make(map[string]string, len(files))
	for i, file := range files {
		if err := a.Progress(ctx, i, len(files), "reading "+file); err != nil {
			return nil, err // cancelled, or a deploy: the task goes on elsewhere
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err // the model reads it as the tool's answer
		}
		sums[file] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return sums, err
}

func main() {
	var reg tasks.Registry
	tasks.AddTool(&reg, tasks.Tool{Name: "checksum", Description: "SHA-256 of files"}, checksum)
	launch.Main(&reg)
}
