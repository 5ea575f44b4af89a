package userfile

import (
	"encoding/csv"
	"io"
	"strings"

	"nubitalk/internal/core/csvfile"
)

// Write writes a file in UTF-8 with a byte order mark, by which spreadsheets
// know it, with commas between the cells.
func Write(w io.Writer, columns []Column, rows []map[Column]string) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	line := make([]string, len(columns))
	for i, c := range columns {
		line[i] = string(c)
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for _, row := range rows {
		for i, c := range columns {
			line[i] = csvfile.Quoted(row[c])
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// JoinList is the cell that List takes apart.
func JoinList(parts []string) string { return strings.Join(parts, " | ") }
