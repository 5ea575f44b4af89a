// Package mailtest runs a mail provider for tests: Dovecot for IMAP and Exim for
// submission and delivery, on loopback, with accounts of their own in a folder of the
// test's. They end with the test.
package mailtest
