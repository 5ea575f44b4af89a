// Command mail is a mail provider on loopback (Dovecot and Exim), for tests of browsers.
// It says on its output where it is, and then does what each line of its input asks:
// deliver a message from one of its accounts to another, or tell what lies in a folder.
package main
