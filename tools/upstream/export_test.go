package upstream

// For tests.
var (
	StartProcess = startProcess
	Environment  = environment
)
