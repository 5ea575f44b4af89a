// Package measure defines what Nubitalk counts and how it divides: each measure
// once, with its formula and its source, for live screens and for history.
//
// It is pure: callers bring the counts and durations, of any interval and any
// set of queues or agents. Counts of several intervals are added with Add and
// divided last, never the other way round. Catalogue lists the definitions as
// screens and the report catalogue show them.
package measure
