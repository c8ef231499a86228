// Package loganalysis is the built-in tool analyze_logs: it reads web server, sshd and JSON logs of any size in one pass
// and answers with totals, rankings, bursts and a plot of the traffic.
//
//	var reg tasks.Registry
//	loganalysis.Add(&reg, []string{"/var/log"})
//
// Formats, found out for each file by its first lines: access logs of Apache and nginx (common and combined), syslog with
// sshd's log-ins, Apache error logs, and JSON lines; each plain or gzipped. Files of another format are named and left out.
//
// # What is exact
//
// Totals, statuses and log-ins are always exact. A ranking counts exactly up to 100,000 different values (fewer when they are
// long: see limits in tally.go). Past that it keeps the frequent values by Misra-Gries counting and says so: exact is false, a
// count is a lower bound, and the true one is at most maxError higher. The number of different values then comes from a
// HyperLogLog sketch, with a standard error of 0.8 %. Values are told apart by their first 512 bytes. Traffic is counted for
// the first 20,000 different hours; lines of further hours are in the totals and in traffic.beyond.
//
// A line longer than 1 MiB counts as one unparsed line. Blank lines are lines, neither parsed nor unparsed.
//
// # Memory
//
// It does not depend on the size of the files. At most four files are read at once, and their counters are merged in the order
// of the files' names, so that the result is the same however the work was spread.
//
// # Time
//
// All times are UTC. Formats that name no zone are read as UTC. Syslog names no year: see syslog.go.
//
// # Files
//
// Only regular files beneath the given roots are read, whatever path, glob or symbolic link names them: all access goes
// through os.Root. The answer is the same for a path outside the roots whether or not something is there.
//
// The package does not follow files that grow (a file is read up to the size it had at the start) and keeps nothing between calls.
package loganalysis
