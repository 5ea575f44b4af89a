// Package screen takes what browsers record of screens: it reads the WebM that
// they send, refuses what is none, holds it until it is kept, and joins it into
// one film for those who export it.
package screen
