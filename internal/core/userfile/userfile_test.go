package userfile_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
	. "nubitalk/internal/core/userfile"
)

func utf16le(s string) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

func TestFilesAsProgramsWriteThem(t *testing.T) {
	want := []Row{
		{Line: 2, Cells: map[Column]string{UserName: "raposa-7", Teams: "Apoio | Vendas", DisplayName: "João"}},
		{Line: 4, Cells: map[Column]string{UserName: "lince", Teams: "", DisplayName: ""}},
	}
	for name, c := range map[string]struct {
		data      string
		encoding  string
		separator string
	}{
		"English, commas":                {"user name,teams,name\nraposa-7,Apoio | Vendas,João\n\nlince,,\n", "utf-8", ","},
		"byte order mark, CRLF, quotes":  {"\ufeff\"User Name\",\"TEAM\",\"display_name\"\r\n\"raposa-7\",\"Apoio | Vendas\",\"João\"\r\n\r\nlince,,\r\n", "utf-8", ","},
		"Portuguese, semicolons":         {"Nome de utilizador;Equipas;Nome\nraposa-7;Apoio | Vendas;João\n;;\nlince;;\n", "utf-8", ";"},
		"Windows-1252, tabs":             {"utilizador\tequipa\tnome a mostrar\nraposa-7\tApoio | Vendas\tJo\xe3o\n\nlince\t\t\n", "windows-1252", "\t"},
		"UTF-16":                         {string(utf16le("utilizador\tequipa\tnome\r\nraposa-7\tApoio | Vendas\tJoão\r\n\r\nlince\t\t\r\n")), "utf-16", "\t"},
		"other columns, in other places": {"nome,salário,,equipas,user\nJoão,9,,Apoio | Vendas,raposa-7\n\n,,,,lince\n", "utf-8", ","},
		"one column short of nothing":    {"user,teams,name\nraposa-7,Apoio | Vendas,João,,\n\nlince,,,\n", "utf-8", ","},
	} {
		f, err := Read([]byte(c.data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(want, f.Rows); d != "" || f.Encoding != c.encoding || f.Separator != c.separator {
			t.Errorf("%s: %s %q %s", name, f.Encoding, f.Separator, d)
		}
		if other := name == "other columns, in other places"; other != slices.Equal(f.Ignored, []string{"salário"}) {
			t.Errorf("%s: left out %q", name, f.Ignored)
		}
	}
}

func TestWhatIsNoListOfUsersSaysSo(t *testing.T) {
	for name, c := range map[string]struct{ data, says string }{
		"nothing":        {"", "is empty"},
		"blank lines":    {"\n \n,,\n", "is empty"},
		"no user name":   {"teams,site\nApoio,Lisboa\n", `must have a heading with a column "user_name"`},
		"a column twice": {"user,team,equipa\n", `has the column "teams" twice`},
		"an open quote":  {"user,name\nana,\"x\nbob,y\n", "has a quotation mark that is open or out of place in line 2"},
		"a workbook":     {"PK\x03\x04\x00\x00", "is not text; save the table as CSV"},
		"too large":      {strings.Repeat("x", MaxBytes+1), "must not be larger than 2 MB"},
		"too many":       {"user\n" + strings.Repeat("x\n", MaxRows+1), "must not have more than 5000 users"},
		"too wide":       {"user" + strings.Repeat(",x", 100) + "\n", "must not have more than 100 columns"},
	} {
		_, err := Read([]byte(c.data))
		if e := errs.As(err); err == nil || len(e.Fields) != 1 || e.Fields[0] != (errs.Field{Path: "file", Problem: c.says}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f, err := Read([]byte("user\n" + strings.Repeat("x\n", MaxRows))); err != nil || len(f.Rows) != MaxRows {
		t.Error(len(f.Rows), err)
	}
}

func TestALineThatDoesNotFitSaysSo(t *testing.T) {
	f, err := Read([]byte("user,team,name\nana,Apoio\nbob,,,Bob\neva,," + strings.Repeat("x", 5000) + "\nrui,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range f.Rows {
		got = append(got, fmt.Sprint(r.Line, " ", r.Problem))
	}
	if d := cmp.Diff([]string{"2 has 2 cells, and the heading has 3", "3 has 4 cells, and the heading has 3", "4 has a cell that is too long", "5 "}, got); d != "" {
		t.Error(d)
	}
}

// What was written is read as it was, and no spreadsheet takes it for a formula.
func TestWhatIsWrittenIsReadAsItWas(t *testing.T) {
	columns := slices.Concat(Work, Personal)
	cells := []string{"=1+1", "+351 912 000 000", "-bob", "@eva", "'=x", "''=x", "'x", "a,b", "a;b", "a;=1+1;", ";@x", "a;'=1", "a;''=1;-2", `say "no"`, "João", "", "a|b"}
	var rows []map[Column]string
	for _, c := range cells {
		rows = append(rows, map[Column]string{UserName: "x", DisplayName: c, Phone: c})
	}
	var out bytes.Buffer
	if err := Write(&out, columns, rows); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{",=", ",+", ",-", ",@", `"=`, ";=", ";@", ";-"} { // Portuguese spreadsheets part at ;
		if strings.Contains(out.String(), bad) {
			t.Errorf("%q stands in the file", bad)
		}
	}
	f, err := Read(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range f.Rows {
		got = append(got, r.Cells[Phone])
	}
	if d := cmp.Diff(cells, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(columns, f.Columns); d != "" {
		t.Error(d)
	}
}

func TestListsInACell(t *testing.T) {
	if d := cmp.Diff([]string{"a b", "c", "d"}, List(" a b | c;;\nd|")); d != "" {
		t.Error(d)
	}
	for name, can := range map[string]bool{"Apoio": true, "a, b": true, "a|b": false, "a;b": false, " a": false, "": false} {
		if Listed(name) != can {
			t.Errorf("%q: %v", name, !can)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("user,team\nana,\"a\nb\"\n"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(data)
		if err == nil && (len(file.Columns) == 0 || len(file.Rows) > MaxRows) {
			t.Errorf("%+v", file)
		}
	})
}
