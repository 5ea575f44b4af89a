// Package addition is what another program of this house may put into a node
// before it serves: content, pages, voices and a mail provider's authority. The
// program that people run in production adds nothing; the demonstration
// (cmd/nubitalk-demo) does.
//
// It is data only: no goroutine, nothing of its own.
package addition
