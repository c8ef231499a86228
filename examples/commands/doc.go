// Package commands has programs that serve as durable tools, one for each way to do it:
//
//   - largest.sh, a shell script that knows nothing of Longhaul: its arguments are placeholders, its output is the result;
//   - reindex.py, which reports progress, goes on from its checkpoints, asks before it throws work away, and leaves a file;
//   - letters.py, which asks and goes on too, and is short enough for the README;
//   - fetch.sh, a shell script that asks, and goes on from its checkpoints;
//   - count.mjs, which asks and reports progress in Node;
//   - archive, which is tar with arguments and no program of its own.
//
// The configuration longhaul.yaml names them, and the test serves them from it as a worker does.
package commands
