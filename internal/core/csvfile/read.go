package csvfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"nubitalk/internal/base/errs"
)

const (
	maxCell  = 4000 // bytes
	maxCells = 100  // of a line
)

// Format is what a file is to have.
type Format[C ~string] struct {
	MaxBytes int // a number of MB
	MaxRows  int
	TooMany  func() error           // says that there are more rows
	Column   func(heading string) C // "" for a heading that names none
	Must     C                      // the column that there must be
}

// File is what was read.
type File[C ~string] struct {
	Encoding  string   // utf-8, utf-16 or windows-1252
	Separator string   // one of , ; and a tab
	Columns   []C      // in the order of the file
	Ignored   []string // headings that name no column
	Rows      []Row[C]
}

// Row is one line of the file. Cells has what stands in the columns that there
// are; Problem, with arguments in it, is why the line cannot be read.
type Row[C ~string] struct {
	Line    int // in the file, from 1
	Cells   map[C]string
	Problem string
}

// Read reads a file. An error is one of the whole file.
func Read[C ~string](data []byte, form Format[C]) (File[C], error) {
	var f File[C]
	if len(data) > form.MaxBytes {
		return f, errs.Bad("file", "must not be larger than %d MB", form.MaxBytes>>20)
	}
	text, encoding, err := decode(data)
	if err != nil {
		return f, err
	}
	f.Encoding, f.Separator = encoding, separator(text)
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = rune(f.Separator[0]), -1, true
	var at []C // by cell; "" for one that is left out
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f, unreadable(err)
		}
		if blank(cells) {
			continue
		}
		line, _ := r.FieldPos(0)
		if at == nil {
			if at, err = f.heading(cells, form); err != nil {
				return f, err
			}
			continue
		}
		if len(f.Rows) == form.MaxRows {
			return f, form.TooMany()
		}
		f.Rows = append(f.Rows, row(line, cells, at))
	}
	if at == nil {
		return f, errs.Bad("file", "is empty")
	}
	return f, nil
}

// decode makes text of the bytes.
func decode(data []byte) (text, encoding string, err error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(data)
		text, encoding = string(out), "utf-16"
		if err != nil {
			return "", "", notText()
		}
	case utf8.Valid(data):
		text, encoding = strings.TrimPrefix(string(data), "\ufeff"), "utf-8"
	default:
		out, err := charmap.Windows1252.NewDecoder().Bytes(data)
		if err != nil {
			return "", "", notText()
		}
		text, encoding = string(out), "windows-1252"
	}
	if strings.ContainsRune(text, 0) {
		return "", "", notText()
	}
	return text, encoding, nil
}

func notText() error {
	return errs.Bad("file", "is not text; save the table as CSV")
}

// separator is the sign that the heading has most of, outside of quotes.
func separator(text string) string {
	quoted, counts := false, [3]int{}
	const signs = ",;\t"
	for _, r := range strings.TrimLeft(text, " \r\n") {
		if r == '"' {
			quoted = !quoted
		}
		if r == '\n' && !quoted {
			break
		}
		if i := strings.IndexRune(signs, r); i >= 0 && !quoted {
			counts[i]++
		}
	}
	best := 0
	for i := range counts {
		if counts[i] > counts[best] {
			best = i
		}
	}
	return signs[best : best+1]
}

func unreadable(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return errs.Bad("file", "has a quotation mark that is open or out of place in line %d", p.StartLine)
	}
	return errs.Bad("file", "cannot be read")
}

// heading finds the columns.
func (f *File[C]) heading(cells []string, form Format[C]) ([]C, error) {
	if len(cells) > maxCells {
		return nil, errs.Bad("file", "must not have more than %d columns", maxCells)
	}
	at := make([]C, len(cells))
	for i, cell := range cells {
		cell = strings.TrimSpace(Plain(cell))
		c := form.Column(cell)
		switch {
		case c == "" && cell != "":
			f.Ignored = append(f.Ignored, short(cell))
		case c == "":
		case slices.Contains(f.Columns, c):
			return nil, errs.Bad("file", "has the column %q twice", string(c))
		default:
			at[i] = c
			f.Columns = append(f.Columns, c)
		}
	}
	if !slices.Contains(f.Columns, form.Must) {
		return nil, errs.Bad("file", "must have a heading with a column %q", string(form.Must))
	}
	return at, nil
}

// short keeps a heading that is none from filling the screen.
func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func row[C ~string](line int, cells []string, at []C) Row[C] {
	out := Row[C]{Line: line, Cells: map[C]string{}}
	var f errs.Fields
	for len(cells) > len(at) && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) != len(at) {
		f.Add("", "has %d cells, and the heading has %d", len(cells), len(at))
	}
	for i, cell := range cells {
		if i >= len(at) || at[i] == "" {
			continue
		}
		if len(cell) > maxCell {
			f.Add("", "has a cell that is too long")
			cell = ""
		}
		out.Cells[at[i]] = strings.TrimSpace(Plain(cell))
	}
	if len(f) > 0 {
		out.Problem = f[0].Problem
	}
	return out
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(s string) bool { return strings.TrimSpace(s) != "" })
}
