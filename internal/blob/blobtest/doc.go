// Package blobtest is the suite that every keeper of files must pass.
package blobtest
