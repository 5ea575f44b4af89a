package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// streamList answers with a file of what run gives: CSV, a line for each with a
// heading, or a JSON list.
func streamList[T any](ctx context.Context, s *Server, name, format string, heading []string, cells func(T) []string, run func(each func(T) error) error) http.HandlerFunc {
	if format == "json" {
		return s.stream(ctx, name+".json", "application/json", func(w io.Writer) error { return listJSON(w, run) })
	}
	return s.stream(ctx, name+".csv", "text/csv; charset=utf-8", func(w io.Writer) error { return listCSV(w, heading, cells, run) })
}

func describeList(op *huma.Operation) {
	file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	op.Responses["200"].Content = map[string]*huma.MediaType{"text/csv": file, "application/json": file}
}

// listCSV writes CSV (RFC 4180). Nothing is written before the first line is there,
// so that a refusal is answered as one.
func listCSV[T any](w io.Writer, heading []string, cells func(T) []string, run func(each func(T) error) error) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	first := true
	head := func() error {
		if !first {
			return nil
		}
		first = false
		return out.Write(heading)
	}
	err := run(func(v T) error {
		if err := head(); err != nil {
			return err
		}
		line := cells(v)
		for i := range line {
			line[i] = plainCell(line[i])
		}
		return out.Write(line)
	})
	if err == nil {
		err = head()
	}
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// listJSON writes a JSON list.
func listJSON[T any](w io.Writer, run func(each func(T) error) error) error {
	out := bufio.NewWriter(w)
	before := "["
	err := run(func(v T) error {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		_, _ = out.WriteString(before) // Flush tells what failed
		before = ",\n"
		_, err = out.Write(b)
		return err
	})
	if err != nil {
		return err
	}
	if before == "[" {
		_, _ = out.WriteString(before)
	}
	_, _ = out.WriteString("]\n")
	return out.Flush()
}

// moment is a time in a cell; "" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func decimal(v float64, places int) string { return strconv.FormatFloat(v, 'f', places, 64) }

// plainCell keeps spreadsheets from taking a cell for a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n\x00", rune(s[0])) {
		return "'" + s
	}
	return s
}
