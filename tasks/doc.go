// Package tasks defines what Longhaul is about: what a task is, how its status moves, and the API with which authors write tools.
//
// A tool is a typed Go function. It is registered once and serves every kind of client:
//
//	var reg tasks.Registry
//	tasks.AddTool(&reg, tasks.Tool{Name: "crawl", Description: "Crawl a site"},
//		func(ctx context.Context, a *tasks.Attempt, in In) (Out, error) {
//			a.Progress(ctx, 1, 10, "crawling "+in.URL)
//			return Out{Pages: 10}, nil
//		})
//	launch.Main(&reg)
//
// The package knows neither Redis nor HTTP: package store keeps tasks, package worker runs attempts, package server
// shows them to clients.
package tasks
