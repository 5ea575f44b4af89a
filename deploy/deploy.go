// Package deploy holds what is needed to run the program elsewhere: the
// commented configuration file, later the container, systemd and Helm files.
package deploy

import _ "embed"

// Example is nubitalk.example.yaml: every setting with its default.
//
//go:embed nubitalk.example.yaml
var Example []byte

// Lines is lines.example.yaml: the operator's telephone lines.
//
//go:embed lines.example.yaml
var Lines []byte
