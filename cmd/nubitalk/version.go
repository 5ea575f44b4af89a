package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"nubitalk/internal/base/bill"
	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/server/command"
	"nubitalk/web"
)

// versionCommand says which program this is.
type versionCommand struct {
	JSON bool `name:"json" help:"As one JSON object." xor:"form"`
	SBOM bool `name:"sbom" help:"Its bill of materials: all components of others, with versions and checksums, as CycloneDX 1.6." xor:"form"`
}

// Run says it.
func (v *versionCommand) Run(c command.Console) error {
	b := telemetry.ReadBuild()
	if v.SBOM {
		return writeBill(c, b.Version)
	}
	if v.JSON {
		return json.NewEncoder(c.Out).Encode(b)
	}
	commit := ""
	if b.Commit != "" {
		commit = " (" + b.Commit[:min(12, len(b.Commit))] + ")"
	}
	_, err := fmt.Fprintf(c.Out, "nubitalk %s%s, %s, %s/%s\n", b.Version, commit, b.Go, b.OS, b.Arch)
	return err
}

func writeBill(c command.Console, version string) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("the program does not know what it was built of")
	}
	b, err := bill.Of(version, info, web.Lock)
	if err != nil {
		return err
	}
	out := json.NewEncoder(c.Out)
	out.SetIndent("", "  ")
	return out.Encode(b)
}
