// Package photo reads pictures, of which nothing is kept but what the pixels need: the
// photos of users, which are small squares as JPEG (ITU-T T.81), and what people send in
// a chat as JPEG, PNG (third edition), WebP (RFC 9649) or GIF (89a).
//
// It runs no goroutine. It decodes no pixels: browsers do, and show a name's first
// letters for what they cannot.
package photo
