// Package api is the doors of the program: the HTTP API under /api/v1, the
// visitor's side under /chat/v1, and the two live connections. It authenticates,
// authorises, translates and answers; it decides nothing else.
//
// Every route is registered through one function that takes the permission it
// needs (see route.go), so a route without one cannot exist. The parts behind
// the doors are the small interfaces of parts.go; views.go has what they answer
// with. Errors become RFC 9457 problem documents here and nowhere else.
//
// Goroutines: net/http's own; one per live connection; short-lived ones that
// write what waits for a connection.
package api
