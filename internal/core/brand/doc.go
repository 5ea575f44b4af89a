// Package brand decides what an organisation's pages look like: which values are
// its own and which come from above (Resolve), which colours can be read on our
// surfaces in light and dark (WCAG 2.2, 1.4.3), and which pictures are taken as a
// logo (CleanPNG, after the PNG specification, third edition).
//
// It runs no goroutine and stores nothing. It leaves to others: who is above whom
// (app/account), rows (store), the door (api).
package brand
