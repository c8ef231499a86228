// Package launch is what a main function calls: it reads flags, puts the parts together, waits, and drains.
//
//	func main() {
//		var reg tasks.Registry
//		tasks.AddTool(&reg, tasks.Tool{Name: "crawl", Description: "Crawl a site"}, crawl)
//		launch.Main(&reg)
//	}
//
// Without -redis everything runs in this one process, on an embedded store that vanishes at exit. With -redis the same program is a
// worker beside any number of servers and other workers.
package launch
