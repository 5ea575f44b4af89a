// Package chat is the chat channel: it owns conversations (their messages,
// sequence numbers, delivery and read marks, attachments, search tokens) and
// the visitor's side of the protocol. It reports upward through Sink and is
// driven by the floor through Carry.
//
// Every message is sealed under the contact's own key before it is stored
// (notice C35-C37, C53). A message is acknowledged only after its commit. The
// sequence number within a conversation has no gaps, so a client that sees one
// asks for what it missed.
package chat
