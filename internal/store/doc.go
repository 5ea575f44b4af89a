// Package store keeps Nubitalk's rows in SQLite (embedded, the default) or
// PostgreSQL, through one set of SQL texts that package engine runs. It never sees a plain personal value: columns for them take only what
// vault sealed (secret.Sealed) or indexed (secret.Index).
//
// # Transactions
//
// Everything happens in DB.Write, Read, System or SystemRead, which hand a Tx
// to a function. A Tx is bound to one tenant; its typed methods put that tenant
// into every statement, and on PostgreSQL row-level security holds it a second
// time, even for a statement that forgets. System and SystemRead have no tenant
// and reach only organisations, jobs and leases.
//
// The function may run twice (PostgreSQL asks for a repeat after a conflict), so
// it must set, not add to, what it captures, and must not wait for anything but
// the database. It must not call DB.Write itself: on SQLite that would wait for
// its own end, and is refused when the Tx's context is used. Any SQL error ends
// the transaction; NotFound and Conflict from a compare-and-set do not.
//
// # SQLite
//
// One writer goroutine (package engine) lends its transaction to the waiting
// callers in turn, each inside a savepoint, and commits once for all of them: an
// error, a panic or a Goexit undoes only its own savepoint, and nobody is
// answered before the commit is on disk (WAL, synchronous=FULL). Readers are a
// pool of query_only connections. Deleted bytes are overwritten (secure_delete),
// and DB.Scrub empties the write-ahead log after an erasure.
//
// # PostgreSQL
//
// Config.DSN names a login that may create the schema. Migrate works as that
// login, creates the role nubitalk_app if it is missing, and grants it what it
// needs and no more (the audit log cannot be updated). Every other connection
// does SET ROLE nubitalk_app, which owns nothing and does not bypass row-level
// security; FORCE ROW LEVEL SECURITY holds even for the owner. Transactions are
// READ COMMITTED; whoever reads before writing takes a row lock or compares a
// version. 40001 and 40P01 are retried.
//
// # Words
//
// A conversation is found by keyed tokens of its words. They stand with its
// messages until some time after it has closed; then those of many conversations
// enter the index message_tokens together (tokens.go).
//
// # Left to others
//
// Keys live in a second database (package keystore), so that a backup of this
// one opens nothing. What a row means is decided by app; who may see it by
// core/access.
package store
