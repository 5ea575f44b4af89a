package userfile

import (
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/csvfile"
)

// Limits of a file.
const (
	MaxBytes = 2 << 20
	MaxRows  = 5000
)

// File is what was read, and Row one line of it.
type (
	File = csvfile.File[Column]
	Row  = csvfile.Row[Column]
)

// Read reads a file. An error is one of the whole file.
func Read(data []byte) (File, error) {
	return csvfile.Read(data, csvfile.Format[Column]{MaxBytes: MaxBytes, MaxRows: MaxRows, Column: columnOf, Must: UserName,
		TooMany: func() error { return errs.Bad("file", "must not have more than %d users", MaxRows) }})
}

// List are the parts of a cell that holds several things.
func List(cell string) []string {
	var out []string
	for part := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune(parting, r) }) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

const parting = "|;\r\n"

// Listed says whether a name can stand in a list: nothing in it parts one.
func Listed(name string) bool {
	return name != "" && name == strings.TrimSpace(name) && !strings.ContainsAny(name, parting)
}
