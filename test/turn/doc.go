// Command turn is a TURN server on loopback, for tests of browsers that reach the
// sound of calls by nothing else. It takes the passwords that coturn takes with
// use-auth-secret, and says on its output who asks for what.
package main
