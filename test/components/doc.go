// Command components looks whether the components that the program is made of are
// within the times of docs/components.md: `make components`.
//
// judge.go decides and asks nobody. ask.go asks the Go module proxy, npm's registry,
// npm's audit and govulncheck, by their ordinary clients. exceptions.json has what may
// be older for a while, with the reason.
//
// It ends with 0 if everything was looked at and is within its times, 1 if something is
// not, 2 if it was asked wrongly, and 3 if nothing is wrong as far as could be seen,
// but something could not be looked at.
package main
