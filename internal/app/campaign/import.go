package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/csvfile"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Column is one of a file of contacts, by its name in the heading.
type Column string

// The columns; only the number must be there.
const (
	ColumnPhone Column = "phone"
	ColumnName  Column = "name"
	ColumnZone  Column = "time_zone"
)

// headings name the columns, in English and Portuguese, folded.
var headings = map[Column][]string{
	ColumnPhone: {"phone", "phone number", "number", "telephone", "mobile", "telefone", "numero", "numero de telefone", "telemovel"},
	ColumnName:  {"name", "full name", "contact", "nome", "nome completo", "contacto"},
	ColumnZone:  {"time zone", "timezone", "fuso horario", "fuso"},
}

func columnOf(heading string) Column {
	word := csvfile.Fold(heading)
	for c, words := range headings {
		if slices.Contains(words, word) {
			return c
		}
	}
	return ""
}

// Limits of a file of contacts.
const (
	MaxBytes = 4 << 20
	MaxRows  = 10_000
)

// Verdict is what becomes of a line of a file.
type Verdict string

const (
	WillBeAdded Verdict = "new"     // it comes into the list
	IsThere     Verdict = "there"   // it is in the list already
	IsTwice     Verdict = "twice"   // an earlier line of the file has the same number
	IsNever     Verdict = "never"   // it is on the do-not-call list: it comes into the list, and is not called
	IsRefused   Verdict = "refused" // the line cannot be used
)

// ContactLine is what becomes of one line of a file, without what stands in it.
type ContactLine struct {
	Line    int     `json:"line"`
	Verdict Verdict `json:"verdict" enum:"new,there,twice,never,refused"`
	Earlier int     `json:"earlier,omitempty" doc:"With twice: the line that has the same number."`
	Field   Column  `json:"field,omitempty" enum:"phone,name,time_zone"`
	Problem string  `json:"problem,omitempty"`
}

// ContactCount is how many lines there are of each kind.
type ContactCount struct {
	New     int `json:"new"`
	There   int `json:"there"`
	Twice   int `json:"twice"`
	Never   int `json:"never"`
	Refused int `json:"refused"`
}

// ContactImport is what a file would do to a list, or has done.
type ContactImport struct {
	Encoding  string        `json:"encoding" enum:"utf-8,utf-16,windows-1252"`
	Separator string        `json:"separator"`
	Columns   []Column      `json:"columns" nullable:"false" enum:"phone,name,time_zone"`
	Ignored   []string      `json:"ignored" nullable:"false" doc:"Headings that are none of them; what stands there is not read."`
	Lines     []ContactLine `json:"lines" nullable:"false" doc:"Those that do not simply come into the list, at most 500."`
	Count     ContactCount  `json:"count"`
	Seen      string        `json:"seen" doc:"To send along when it is to be done."`
}

const mostLines = 500

// row is one line that can be used.
type row struct {
	line        int
	phone, name string
	zone        string
}

func read(data []byte) (csvfile.File[Column], error) {
	return csvfile.Read(data, csvfile.Format[Column]{MaxBytes: MaxBytes, MaxRows: MaxRows, Column: columnOf, Must: ColumnPhone,
		TooMany: func() error {
			return errs.Bad("file", "must not have more than %d contacts; part it into several files", MaxRows)
		}})
}

// PreviewImport says what a file would do to a list, and does nothing.
func (s *Service) PreviewImport(ctx context.Context, a access.Actor, list string, file []byte) (ContactImport, error) {
	out, _, err := s.plan(ctx, a, list, file)
	return out, err
}

// Import adds the contacts of a file to a list. Conflict when something else would be done
// than what was seen. Done again it changes nothing, so that one that was cut off is
// simply done again.
func (s *Service) Import(ctx context.Context, a access.Actor, list string, file []byte, seen string) (ContactImport, error) {
	out, rows, err := s.plan(ctx, a, list, file)
	if err != nil {
		return out, err
	}
	if out.Seen != seen {
		return out, errs.New(errs.Conflict, "Something else would be done now than what you saw. Please look again.")
	}
	added := 0
	for part := range slices.Chunk(rows, 100) { // so that nobody else waits long for the database
		err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
			n, err := s.add(tx, list, part)
			if err == nil && n > 0 {
				err = s.Audit.Record(tx, a, "contact_list.imported", "contact_list", list, map[string]string{"new": strconv.Itoa(n)})
			}
			if err == nil {
				added += n
			}
			return err
		})
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// add puts contacts into a list, and says how many were not in it.
func (s *Service) add(tx *store.Tx, list string, rows []row) (added int, err error) {
	last, err := tx.LastOfList(list)
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		index, err := s.Keys.AddressIndex(tx.Context(), tx.Tenant(), privacy.Phone, r.phone)
		if err != nil {
			return 0, err
		}
		contact, err := s.Contacts.Resolve(tx, channel.Arrival{Tenant: tx.Tenant(), Name: secret.New(r.name), Addresses: []channel.Address{{Kind: privacy.Phone, Value: secret.New(r.phone)}}}, "")
		if err != nil {
			return 0, err
		}
		fresh, err := tx.InsertListContact(store.ListContactRow{ID: s.IDs.New(id.ListContact), ListID: list, Seq: last + 1, ContactID: contact, AddressIndex: index, TimeZone: r.zone, AddedAt: s.Clock.Now()})
		if err != nil {
			return 0, err
		}
		if fresh {
			last++
			added++
		}
	}
	return added, nil
}

// plan reads a file, and says what becomes of each line.
func (s *Service) plan(ctx context.Context, a access.Actor, list string, file []byte) (out ContactImport, rows []row, err error) {
	if err := s.list(ctx, a, list, true); err != nil {
		return out, nil, err
	}
	f, err := read(file)
	if err != nil {
		return out, nil, err
	}
	out = ContactImport{Encoding: f.Encoding, Separator: f.Separator, Columns: f.Columns, Ignored: append([]string{}, f.Ignored...), Lines: []ContactLine{}}
	hash := sha256.New()
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		rows, out.Lines, out.Count = nil, []ContactLine{}, ContactCount{}
		hash.Reset()
		_, _ = hash.Write(file)
		org, err := tx.Organisation()
		if err != nil {
			return err
		}
		region, earlier := privacy.RegionOf(org.TimeZone), map[string]int{}
		for _, r := range f.Rows {
			l, use, err := s.judge(tx, list, r, region, earlier)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintln(hash, l.Line, l.Verdict)
			out.Count.add(l.Verdict)
			if l.Verdict == WillBeAdded || l.Verdict == IsNever {
				rows = append(rows, use)
			}
			if l.Verdict != WillBeAdded && len(out.Lines) < mostLines {
				out.Lines = append(out.Lines, l)
			}
		}
		return nil
	})
	out.Seen = base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:12])
	return out, rows, err
}

func (c *ContactCount) add(v Verdict) {
	switch v {
	case WillBeAdded:
		c.New++
	case IsThere:
		c.There++
	case IsTwice:
		c.Twice++
	case IsNever:
		c.Never++
	case IsRefused:
		c.Refused++
	}
}

// judge says what becomes of one line.
func (s *Service) judge(tx *store.Tx, list string, r csvfile.Row[Column], region string, earlier map[string]int) (ContactLine, row, error) {
	refused := func(field Column, problem string) (ContactLine, row, error) {
		return ContactLine{Line: r.Line, Verdict: IsRefused, Field: field, Problem: problem}, row{}, nil
	}
	if r.Problem != "" {
		return refused("", r.Problem)
	}
	phone, err := privacy.NormalAddress(privacy.Phone, r.Cells[ColumnPhone], region)
	if err != nil {
		return refused(ColumnPhone, errs.As(err).Fields[0].Problem)
	}
	zone := r.Cells[ColumnZone]
	if zone != "" {
		if _, err := setup.Zone(zone); err != nil {
			return refused(ColumnZone, errs.As(err).Fields[0].Problem)
		}
	}
	if n := earlier[phone]; n > 0 {
		return ContactLine{Line: r.Line, Verdict: IsTwice, Earlier: n}, row{}, nil
	}
	earlier[phone] = r.Line
	use := row{r.Line, phone, r.Cells[ColumnName], zone}
	index, err := s.Keys.AddressIndex(tx.Context(), tx.Tenant(), privacy.Phone, phone)
	if err != nil {
		return ContactLine{}, use, err
	}
	known, err := tx.AddressByIndex(privacy.Phone, index)
	if err == nil {
		there, err := tx.InList(list, known.ContactID)
		if err != nil {
			return ContactLine{}, use, err
		}
		if there {
			return ContactLine{Line: r.Line, Verdict: IsThere}, use, nil
		}
	} else if !errs.Is(err, errs.NotFound) {
		return ContactLine{}, use, err
	}
	switch _, err := tx.DoNotCall(index); {
	case err == nil:
		return ContactLine{Line: r.Line, Verdict: IsNever}, use, nil
	case !errs.Is(err, errs.NotFound):
		return ContactLine{}, use, err
	}
	return ContactLine{Line: r.Line, Verdict: WillBeAdded}, use, nil
}
