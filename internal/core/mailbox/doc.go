// Package mailbox decides which messages of a folder at a provider are looked at, and
// how far the folder is done, so that each message becomes work exactly once: after
// reconnects, when the provider numbers a folder anew (UIDVALIDITY, RFC 9051, 2.3.1.1),
// when messages are moved and come back, and with a backlog of any size.
//
// Numbers only say where to look. What a message *is* says its identity, which the
// caller keeps beside the work, in one place for all mailboxes: whom that knows is
// never taken again, wherever it turns up.
//
// It does no I/O and keeps nothing.
package mailbox
