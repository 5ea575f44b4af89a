// Package timerslack says how late the kernel may wake this program's threads, so that
// it wakes them less often.
package timerslack
