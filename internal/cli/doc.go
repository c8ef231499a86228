// Package cli is the command line client longhaul: package client for people and scripts.
//
// What a tool answers goes to standard output; everything else (progress, questions, errors) to standard error. With -json standard output
// is one JSON document. The exit code says how it went:
//
//	0    the tool answered
//	1    the tool answered that it could not do it
//	2    the command line or the configuration is wrong
//	3    the server refused, or the task failed or was cancelled
//	4    the server, or for operators Redis, cannot be reached
//	130  stopped waiting (Ctrl-C, -timeout); the task goes on
package cli
