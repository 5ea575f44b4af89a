// Package freeport finds ports of this machine's own address for programs that must be
// told theirs before they start.
package freeport
