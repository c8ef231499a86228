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
// the first 20,000 different hours; lines of further hours are in the totals and in traffic.beyond. All values together may take
// 8 MiB: when they would take more, the longest ranking gives way.
//
// A line longer than 1 MiB counts as one unparsed line. Blank lines are lines, neither parsed nor unparsed.
//
// # Memory
//
// It does not depend on the size of the files. Files are read in segments of 1 to 16 MiB, at most four at once, and what they
// count is merged in their order, so that the result is the same however the work was spread. A gzip file is one segment.
//
// # Resuming
//
// Whenever a thirty-second of all bytes has been merged, or some have and five seconds have passed, an attempt leaves a checkpoint: all that
// was counted up to one place in the files, and nothing from behind it (but see pace: it is rarer while that is large and
// quickly read). A later attempt goes on from there, with the result of one that was never disturbed, byte for byte. Of 1 GB that an
// attempt was killed in, less than 15 % are read again: what was read since the checkpoint, and the segments that were being
// read. Of a gzip file nothing is kept until it is done. When its worker is told to stop, an attempt leaves a last checkpoint and
// returns at once.
//
// Files are read as the first attempt found them: no further than their size then, should they have grown, and none that was
// made later. If one that was read, or begun, is gone or has been replaced, cut or touched since (by inode, size, time and first
// bytes), everything is read anew; one that nothing was read of yet is taken as it is now. A checkpoint that another version of
// this package left, or that is damaged, is as good as none.
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
