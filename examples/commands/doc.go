// Package commands has programs that serve as durable tools, one for each way to do it:
//
//   - largest.sh, a shell script that knows nothing of Longhaul: its arguments are placeholders, its output is the result;
//   - reindex.py, which reports progress, goes on from its checkpoints, asks before it throws work away, and leaves a file;
//   - archive, which is tar with arguments and no program of its own.
//
// Its test serves them as a worker does; the README says how a configuration names them.
package commands
