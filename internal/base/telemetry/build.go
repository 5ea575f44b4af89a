package telemetry

import (
	"runtime"
	"runtime/debug"
)

// version and commit are set by the build: -ldflags "-X …telemetry.version=…".
var (
	version = "development"
	commit  string
)

// Build says what program this is.
type Build struct {
	Version string `json:"version"` // a released version, or "development"
	Commit  string `json:"commit"`  // of the source; "" if unknown
	Go      string `json:"go"`      // the toolchain
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// ReadBuild reads it from the binary.
func ReadBuild() Build {
	b := Build{Version: version, Commit: commit, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if b.Commit != "" {
		return b
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Commit = s.Value
		}
	}
	return b
}
