// Package command is what the programs of cmd/ have in common: how a command line
// is read, how mistakes are told, and how a node is run until it is told to stop.
//
// It runs no goroutine but the node's.
package command
