// Package message reads email: from octets as they came to text, HTML, files, who
// wrote to whom, what it answers and whether a machine sent it (RFC 5322, 2045-2049,
// 2231, 3462/3464, 3834, 8601). It makes HTML safe to show, and makes and reads the
// ids of our own messages, by which answers find their conversation.
//
//	m, err := message.Read(octets, message.Standard)
//	if why := m.Automatic(); why == "" { … }       // may be answered automatically
//	safe, remote := message.Safe(m.HTML, imageOf)
//
// Any octets are a message: what is wrong with them is a Fault beside what could be
// read, never an error, so that nothing is lost. One pass over the lines, with bounds
// on size, text, parts, nesting and headers, keeps the cost of a message of 25 MB to a
// fraction of a second and to little more memory than its content.
//
// Personal values are secret.Text and print as •••. It does no I/O but to read what
// it is given, keeps nothing, and runs no goroutine. It leaves to others: fetching
// (IMAP), sending, and every decision.
package message
