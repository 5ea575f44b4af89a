package main

import (
	"encoding/json"
	"fmt"

	"nubitalk/internal/base/telemetry"
)

// versionCommand says which program this is.
type versionCommand struct {
	JSON bool `name:"json" help:"As one JSON object."`
}

// Run says it.
func (v *versionCommand) Run(c console) error {
	b := telemetry.ReadBuild()
	if v.JSON {
		return json.NewEncoder(c.out).Encode(b)
	}
	commit := ""
	if b.Commit != "" {
		commit = " (" + b.Commit[:min(12, len(b.Commit))] + ")"
	}
	_, err := fmt.Fprintf(c.out, "nubitalk %s%s, %s, %s/%s\n", b.Version, commit, b.Go, b.OS, b.Arch)
	return err
}
