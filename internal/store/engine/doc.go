// Package engine runs transactions on an SQLite file or a PostgreSQL database.
// It knows how to connect, migrate, group commits, retry and explain errors; it
// knows no table. Package store and package keystore stand on it, each with its
// own database.
//
// SQLite: one goroutine owns the connection that writes and lends its
// transaction to callers in turn (writer.go); readers are a pool. PostgreSQL:
// parallel connections that work as a role without rights of its own, each
// transaction with the tenant set for row-level security; pgx's pool runs its
// health check on a goroutine. Close ends them all.
//
// The SQL text is one for both (the rules are linted by a test of package store). A Session is used by one
// goroutine at a time, and a cursor is closed before the next statement.
package engine
