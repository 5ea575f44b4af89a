// Package storetest gives tests a database on either engine: a private
// PostgreSQL server of this test process, started on first use from the
// installed package and gone with the process, and SQLite files in the test's
// own folder. A test that needs PostgreSQL fails when it is not installed.
package storetest
