// Package tools collects the tools that the product's own binaries serve.
package tools

import (
	"github.com/longhaul-mcp/longhaul/tasks"
	"github.com/longhaul-mcp/longhaul/tools/loganalysis"
)

// Builtin registers the built-in tools. data are the directories that they may read.
func Builtin(data []string) *tasks.Registry {
	reg := new(tasks.Registry)
	loganalysis.Add(reg, data)
	return reg
}
