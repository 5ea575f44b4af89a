// Package collector sends the log, and what else the operator keeps elsewhere, to
// the operator's collector as it is made: syslog messages (RFC 5424) over TLS
// (RFC 5425), or over TCP with the same framing (RFC 6587, 3.4.1) to loopback.
//
// Lines of the log are best effort: they wait in memory, bounded in number and in
// bytes; what finds no room is dropped and counted, and the collector is told how
// many were as soon as it is back. Nobody who logs ever waits. What must arrive is
// sent by Send on a connection that has a number: whoever sends so begins again
// where it was sure when the number changes, since syslog confirms nothing.
//
// Start runs one goroutine that connects, again and again with growing pauses, and
// writes; each connection has another one that notices its end. It leaves to
// others: what is in a line (telemetry), what is worth sending (app/audit).
package collector
