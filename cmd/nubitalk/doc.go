// Command nubitalk is the program: one file per command. It reads flags, the
// environment and the configuration file, and leaves everything else to
// internal/server.
package main
