// Package csvfile reads tables as CSV (RFC 4180), as spreadsheets and other programs write
// them. It is pure, and knows columns only by what it is given; core/userfile and
// app/campaign say which there are.
//
// A file is UTF-8, with or without a byte order mark, UTF-16 with one, or Windows-1252; its
// cells are parted by commas, semicolons or tabs, whichever its heading has most of.
// Headings that name no column are left out and named. A cell that a spreadsheet would take
// for a formula is written with an apostrophe before it, which is taken off when it is read.
package csvfile
