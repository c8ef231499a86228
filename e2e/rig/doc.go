// Package rig runs the product's binaries as processes around a Redis of the test's own, and talks to them as a client would: of MCP
// 2026-07-28 with the Tasks extension (Client), or of an earlier revision (Legacy). It knows nothing of the product's insides.
// End-to-end tests and benchmarks use it.
//
//	f := rig.New(t)
//	a, b := f.Server(), f.Server()
//	f.Worker("-data", dir)
//	task := a.Client(t).Call(t, "analyze_logs", rig.Object{"path": "access.log"})
//	b.Client(t).Await(t, task.ID, "completed")
package rig
