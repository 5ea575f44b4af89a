// Package share divides the places of one telephone line among those who share
// it, so that none of them can take all: reserved places that are there whenever
// their owner wants them, and the rest for who comes first. Pool has the formula.
//
// It is pure: time is handed in; it runs no goroutine and logs nothing. Not safe
// for concurrent use.
package share
