package bill

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"nubitalk/internal/base/order"
)

// Bill is a CycloneDX document.
type Bill struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   Metadata    `json:"metadata"`
	Components []Component `json:"components"`
}

// Metadata says what the bill is of.
type Metadata struct {
	Component Component `json:"component"`
}

// Component is the program, or one that it is made of.
type Component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Scope      string     `json:"scope,omitempty"` // required: in the program; optional: its pages are built or tested with it
	Hashes     []Hash     `json:"hashes,omitempty"`
	Licenses   []License  `json:"licenses,omitempty"`
	PURL       string     `json:"purl,omitempty"`
	Properties []Property `json:"properties,omitempty"`
}

// Hash is a checksum of the archive that a registry gives.
type Hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"` // hexadecimal
}

// License is an SPDX expression.
type License struct {
	Expression string `json:"expression"`
}

// Property is what CycloneDX has no field for.
type Property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Of is the bill of a program of a version: of the modules that were linked into it, as
// the linker has noted them, and of the packages in the lock file of its pages.
func Of(version string, info *debug.BuildInfo, lock []byte) (Bill, error) {
	b := Bill{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: Metadata{Component{Type: "application", Ref: "nubitalk", Name: "nubitalk", Version: version}}}
	std := strings.TrimPrefix(info.GoVersion, "go")
	b.Components = append(b.Components, Component{Type: "library", Name: "std", Version: std, Scope: "required", PURL: "pkg:golang/std@" + url.PathEscape(std)})
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := Component{Type: "library", Name: m.Path, Version: m.Version, Scope: "required", PURL: "pkg:golang/" + m.Path + "@" + url.PathEscape(m.Version)}
		if m.Sum != "" { // of the module's tree (go.sum), not of its archive
			c.Properties = []Property{{"go:sum", m.Sum}}
		}
		b.Components = append(b.Components, c)
	}
	packages, err := locked(lock)
	if err != nil {
		return Bill{}, err
	}
	b.Components = append(b.Components, packages...)
	for i := range b.Components {
		b.Components[i].Ref = b.Components[i].PURL
	}
	order.By(b.Components, func(x, y Component) int { return cmp.Compare(x.Ref, y.Ref) })
	b.Components = slices.CompactFunc(b.Components, func(x, y Component) bool { return x.Ref == y.Ref }) // npm may nest one twice
	return b, nil
}

// locked reads npm's lock file, version 3.
func locked(lock []byte) ([]Component, error) {
	var file struct {
		Packages map[string]struct {
			Version, Integrity, License string
		}
	}
	if err := json.Unmarshal(lock, &file); err != nil {
		return nil, fmt.Errorf("reading the lock file of the pages: %w", err)
	}
	var out []Component
	for path, p := range file.Packages {
		i := strings.LastIndex(path, "node_modules/")
		if i < 0 {
			continue // the pages themselves
		}
		name := path[i+len("node_modules/"):]
		c := Component{Type: "library", Name: name, Version: p.Version, Scope: "optional", PURL: "pkg:npm/" + strings.Replace(name, "@", "%40", 1) + "@" + url.PathEscape(p.Version)}
		algorithm, sum, _ := strings.Cut(p.Integrity, "-")
		octets, err := base64.StdEncoding.DecodeString(sum)
		if err != nil || algorithm != "sha512" {
			return nil, fmt.Errorf("%s has no checksum of SHA-512 in the lock file of the pages", name)
		}
		c.Hashes = []Hash{{"SHA-512", hex.EncodeToString(octets)}}
		if p.License != "" {
			c.Licenses = []License{{p.License}}
		}
		out = append(out, c)
	}
	return out, nil
}
