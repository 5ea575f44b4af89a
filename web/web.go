// Package web holds what browsers load, each file as gzip: the desk
// (packed/desktop, served at /app/), the page to call from (packed/phone, at
// /phone/) and the visitor's widget (packed/widget). `npm run build` makes all of
// them; without it the folder is empty and the program says so when a page is asked.
package web

import "embed"

// Packed is the built output.
//
//go:embed all:packed
var Packed embed.FS

// Lock names what the pages are built with: npm's lock file.
//
//go:embed package-lock.json
var Lock []byte
