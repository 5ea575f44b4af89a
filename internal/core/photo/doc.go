// Package photo reads the photos of users: small square pictures as JPEG (ITU-T
// T.81), of which nothing is kept but what the pixels need.
//
// It runs no goroutine. It decodes no pixels: browsers do, and show a name's first
// letters for what they cannot.
package photo
