// Package clock hands time to those who need it, so that tests and the
// simulator drive it. Real code uses Real; a test uses Virtual or
// testing/synctest.
package clock
