// Package server makes one node of the configuration's parts: it opens what
// keeps data, makes what uses it, connects them, and starts and stops them in
// order. Nothing else in the program knows all parts.
//
// datadir.go holds the data folder, keepers.go what keeps data and carries
// messages, wiring.go who uses what, web.go the address that browsers reach,
// health.go what operators ask, firstrun.go the first page of a new
// installation. Folders: config (settings), transport (TLS), addition (what another
// program may put in), command (what programs have in common), demo (the
// demonstration, which is not linked into this package), verify (the notice's checks).
//
// Goroutines: the HTTP servers' accept loops. Everything else belongs to the
// parts.
package server
