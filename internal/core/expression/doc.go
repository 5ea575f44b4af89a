// Package expression is the small part of a general expression language in
// which administrators write conditions: comparisons joined with and, or, not
// over a few given names, and the lines of scripts. What it refuses could loop, build large values or
// reach elsewhere. core/flow and core/setup say which names there are.
//
// It does no I/O, owns no goroutine and reads no clock.
package expression
