// Package e2e holds the tests that see the product from outside: its own binaries as processes around a real Redis, an MCP client
// before them, and faults between them.
//
//	go test ./e2e                                                    some minutes
//	go test ./e2e -v -run KillWorker -args -kills 20                 recovery over many kills, with its 95th percentile
//	go test ./e2e -v -run Replacing                                  how soon work goes on elsewhere when every worker is replaced
//	go test ./e2e -v -run Parked                                     slots taken while a question waits, and after
//	go test ./e2e -v -run Forgotten -args -leak 20000                what Redis holds after so many tasks have expired
//	go test ./e2e -v -run KillRedis -args -kills 10                  what crashes of Redis lose
//	go test ./e2e -v -run 'Freeze|Outage' -args -freeze 60s          a long outage of Redis, then its death
//	go test ./e2e -v -run 'Failover|LeftBehind' -args -failovers 3   what failovers lose, by default and with -durability strict
//	go test ./e2e -v -run Resume -args -resume-mib 1024              how much of a gigabyte of log is read again after a kill
package e2e
