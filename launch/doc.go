// Package launch is what a main function calls: it reads the flags, puts the parts together, runs them until a signal, and drains.
//
//	func main() {
//		var reg tasks.Registry
//		tasks.AddTool(&reg, tasks.Tool{Name: "crawl", Description: "Crawl a site"}, crawl)
//		launch.Main(&reg)
//	}
//
// Without -redis everything runs in this one process, on an embedded store that vanishes at exit. With -redis the same program is a
// worker beside any number of servers and other workers.
//
// To read it: launch.go has the entry points, options.go the flags, parts.go opens everything that a process is made of, and run.go runs
// that and ends it in order. configuration.go and reload.go apply the file of -config.
package launch
