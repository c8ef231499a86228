// Package bench holds the benchmarks behind every figure that is said of the product: its own binaries as processes around a real
// Redis. README.md has the commands.
package bench
