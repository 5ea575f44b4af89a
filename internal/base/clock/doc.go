// Package clock hands time to those who need it, so that tests and the
// simulator drive it. The program uses Steady, which does not jump when the wall
// clock is set; a test uses Virtual or testing/synctest.
package clock
