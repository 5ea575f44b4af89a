// Package userfile reads and writes a list of users as CSV (RFC 4180), as
// spreadsheets and directories have it. Read and Write are pure: nothing is
// stored, and what the cells mean (which team, which role) is app/account's.
//
// A file is UTF-8, with or without a byte order mark, UTF-16 with one, or
// Windows-1252; its cells are parted by commas, semicolons or tabs, whichever its
// heading has most of. Headings are English or Portuguese, in any order; others
// are left out and named. A list in a cell is parted by | or ;.
//
// What Write writes, Read reads as it was: a cell that a spreadsheet would take
// for a formula gets an apostrophe, which is taken off again.
package userfile
