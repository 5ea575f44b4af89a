// Package crash kills the running program at random moments under load and
// checks what it promised: no acknowledged message is lost or doubled, no
// conversation sticks, and no interaction is with two agents.
//
// CRASHES=100 CRASHES_POSTGRES=30 go test ./test/crash -run Kill -v runs long; the
// default is a short run. It talks to loopback only.
package crash
