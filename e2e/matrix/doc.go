// Package matrix holds the test of what each kind of client gets in each situation: the table "Which client gets what" of the README, cell
// by cell, against the product's own binaries. Each client is a small driver of the bare wire, and no two requests of it in a row meet
// the same server.
//
//	go test ./e2e/matrix -v                                            half a minute
//	go test ./e2e/matrix -v -run TestMatrix/2025-06-18/stream_dropped  one cell
package matrix
