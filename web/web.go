// Package web holds what browsers load: the desk (dist/desktop, served at
// /app/), the page to call from (dist/phone, at /phone/) and the visitor's
// widget (dist/widget). `npm run build` makes all of them; without it the folder
// is empty and the program says so when a page is asked.
package web

import "embed"

// Dist is the built output.
//
//go:embed all:dist
var Dist embed.FS
