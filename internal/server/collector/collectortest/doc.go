// Package collectortest is a collector of logs for tests: an authority of its own, and a
// syslog server over TLS that keeps what it is sent.
package collectortest
