// Package talk decides whether a conversation that is written is spoken, too: one
// side asks, the other agrees or not, and either ends it. It is pure; who may ask
// is the caller's to know.
package talk
