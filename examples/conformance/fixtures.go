package main

import "github.com/longhaul-mcp/longhaul/tasks"

// fixtures are what this process announces: the suite's tools, resources and prompts, or the one tool of a visitor. None of them reads files.
func fixtures([]string) *tasks.Registry {
	reg := new(tasks.Registry)
	if addVisitor(reg) {
		return reg
	}
	addTaskTools(reg)
	addContentTools(reg)
	addStreamTools(reg)
	addQuestionTools(reg)
	addSchemaTools(reg)
	addChangeTool(reg)
	addSource(reg)
	return reg
}
