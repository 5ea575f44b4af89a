// Package order sorts short lists that nobody waits for. It does what
// slices.SortFunc and slices.SortStableFunc do, without a copy of the whole
// sorting for each type: those are 12 KB of code a type, and a third of a
// megabyte for every twenty (docs/benchmarks.md, binary_size). What sorts for
// every call or message keeps slices.
//
// It runs no goroutine and imports nothing of Nubitalk.
package order
