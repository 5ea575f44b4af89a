// Command sim runs the routing simulation of internal/core/acd/acdsim for many
// seeds (`go run ./test/sim -seeds 100000`). A failure prints its seed and the
// shortest story that still shows it, and ends with status 1.
//
// It runs one goroutine per processor, each with stories of its own.
package main
