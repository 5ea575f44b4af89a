package export

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"mime"
	"slices"
	"time"
	"unicode/utf8"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Form names the form of these archives and its version.
const Form = "nubitalk organisation 1"

// Manifest says what is in a volume. It is signed to the octet.
type Manifest struct {
	Form         string            `json:"form"`
	Organisation id.Tenant         `json:"organisation"`
	Name         string            `json:"name"`
	Export       string            `json:"export"`
	Volume       int               `json:"volume"`
	Volumes      int               `json:"volumes"`
	Kind         string            `json:"kind"`
	ReadFrom     time.Time         `json:"read_from"` // between these two times
	ReadUntil    time.Time         `json:"read_until"`
	Tables       []Table           `json:"tables,omitempty"`
	Files        []File            `json:"files"`
	Missing      []Missing         `json:"missing,omitempty"`      // what should be here
	NotExported  map[string]string `json:"not_exported,omitempty"` // tables and columns, and why
	PublicKey    ed25519.PublicKey `json:"public_key"`
}

// Table is one kind of record.
type Table struct {
	Table string `json:"table"`
	File  string `json:"file"`
	Rows  int64  `json:"rows"`
	// Unopened are values that could not be opened, of persons who were erased or
	// because they are damaged; they are null.
	Unopened int64 `json:"unopened,omitempty"`
}

// File is a file of the archive.
type File struct {
	File   string `json:"file"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Missing is a file that is not there.
type Missing struct {
	File string `json:"file"`
	Why  string `json:"why"` // gone, damaged
}

const readme = `This is what an organisation has in Nubitalk: docs/formats/organisation.md describes it.
Isto é o que uma organização tem no Nubitalk: docs/formats/organisation.md descreve-o.

records/        one file for each kind of record; each line is a record (JSON, UTF-8)
prompts/, greetings/, photos/, attachments/   files, named by their records
manifest.json   all files with size and SHA-256, how many records of each kind there are,
                and what is not here and why
manifest.sig    its Ed25519 signature, by the organisation's key

Times are UTC (RFC 3339). "nubitalk organisation verify" checks an archive.
`

// archive writes a ZIP file and notes what is in it.
type archive struct {
	zip   *zip.Writer
	at    time.Time
	files []File
}

func (z *archive) file(name string, method uint16, write func(io.Writer) error) error {
	into, err := z.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: z.at})
	if err != nil {
		return err
	}
	c := &counting{into: into, sum: sha256.New()}
	if err := write(c); err != nil {
		return err
	}
	z.files = append(z.files, File{name, c.size, hex.EncodeToString(c.sum.Sum(nil))})
	return nil
}

func (z *archive) bytes(name string, method uint16, b []byte) error {
	return z.file(name, method, func(w io.Writer) error { _, err := w.Write(b); return err })
}

// counting counts and hashes what is written.
type counting struct {
	into io.Writer
	sum  hash.Hash
	size int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.into.Write(b)
	c.sum.Write(b[:n])
	c.size += int64(n)
	return n, err
}

// write writes a volume of records or attachments.
func (s *Service) write(ctx context.Context, a access.Actor, org store.OrganisationRow, row store.ExportRow, number int, w io.Writer) error {
	key, err := s.Vault.SigningKey(ctx, a.Tenant)
	if err != nil {
		return err
	}
	v := row.Volumes[number-1]
	m := Manifest{Form: Form, Organisation: a.Tenant, Name: org.Name, Export: row.ID, Volume: number, Volumes: len(row.Volumes), Kind: v.Kind, ReadFrom: s.Clock.Now().UTC(), PublicKey: key}
	z := &archive{zip: zip.NewWriter(w), at: m.ReadFrom}
	if err := z.bytes("README.txt", zip.Deflate, []byte(readme)); err != nil {
		return err
	}
	if v.Kind == Records {
		err = s.records(ctx, a.Tenant, z, &m)
	} else {
		err = s.attachments(ctx, a.Tenant, v, z, &m)
	}
	if err != nil {
		return err
	}
	m.ReadUntil, m.Files = s.Clock.Now().UTC(), z.files
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	signature, err := s.Vault.Sign(ctx, a.Tenant, text)
	if err != nil {
		return err
	}
	if err := z.bytes("manifest.json", zip.Deflate, text); err != nil {
		return err
	}
	if err := z.bytes("manifest.sig", zip.Store, signature); err != nil {
		return err
	}
	return z.zip.Close()
}

func (s *Service) records(ctx context.Context, t id.Tenant, z *archive, m *Manifest) error {
	m.NotExported = store.NotExported()
	for _, e := range store.ExportedTables() {
		table := Table{Table: e.Table, File: "records/" + e.Table + ".ndjson"}
		err := z.file(table.File, zip.Deflate, func(w io.Writer) error { return s.table(ctx, t, e, &table, w) })
		if err != nil {
			return err
		}
		m.Tables = append(m.Tables, table)
	}
	return s.small(ctx, t, z, m)
}

// table writes all rows of a table, a page at a time.
func (s *Service) table(ctx context.Context, t id.Tenant, e store.Exported, count *Table, w io.Writer) error {
	var after []any
	for {
		var rows []store.ExportedRow
		err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) { rows, err = tx.ExportedRows(e, after); return err })
		if err != nil || len(rows) == 0 {
			return err
		}
		contacts := map[string]bool{}
		for _, r := range rows {
			if r.Contact != "" {
				contacts[r.Contact] = true
			}
		}
		if slices.ContainsFunc(e.Kinds, func(k store.CellKind) bool { return k == store.Sealed || k == store.Kept }) {
			if err := s.Vault.Prepare(ctx, t, slices.Sorted(maps.Keys(contacts))); err != nil {
				return err
			}
		}
		for _, r := range rows {
			line, unopened, err := s.line(ctx, t, e, r)
			if err != nil {
				return err
			}
			if _, err := w.Write(line); err != nil {
				return err
			}
			count.Rows, count.Unopened = count.Rows+1, count.Unopened+unopened
			after = r.Cells
		}
	}
}

// line is a row as JSON.
func (s *Service) line(ctx context.Context, t id.Tenant, e store.Exported, r store.ExportedRow) (_ []byte, unopened int64, err error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, column := range e.Columns {
		if e.Kinds[i] == store.Behind {
			continue
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		value, err := s.cell(ctx, t, e, r, i)
		if errs.Is(err, errs.Gone) || errs.Is(err, errs.Internal) || errs.Is(err, errs.NotFound) {
			value, err, unopened = nil, nil, unopened+1
		}
		if err != nil {
			return nil, 0, err
		}
		name, _ := json.Marshal(told(column, e.Kinds[i]))
		b, err := json.Marshal(value)
		if err != nil {
			return nil, 0, errs.Wrap(errs.Internal, err, "A record could not be written.")
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(b)
	}
	out.WriteString("}\n")
	return out.Bytes(), unopened, nil
}

// told is what a column is called in the export: what is sealed in the store is open
// there.
func told(column string, kind store.CellKind) string {
	const sealed = "_sealed"
	if (kind == store.Sealed || kind == store.Kept) && len(column) > len(sealed) {
		return column[:len(column)-len(sealed)]
	}
	if column == "sealed" {
		return "value"
	}
	return column
}

func (s *Service) cell(ctx context.Context, t id.Tenant, e store.Exported, r store.ExportedRow, i int) (any, error) {
	v := r.Cells[i]
	switch e.Kinds[i] {
	case store.Moment:
		n, _ := v.(int64)
		if n == 0 {
			return nil, nil
		}
		return clock.FromMicros(n).UTC(), nil
	case store.JSON:
		text, _ := v.(string)
		return asJSON([]byte(text)), nil
	case store.Octets:
		b, _ := v.([]byte)
		return hex.EncodeToString(b), nil
	case store.Sealed, store.Kept:
		sealed, _ := v.([]byte)
		if len(sealed) == 0 {
			return nil, nil
		}
		where := place(e, r, i)
		if where == "" {
			return nil, fmt.Errorf("export: nobody knows for what %s of %s is sealed", e.Columns[i], e.Table)
		}
		var plain secret.Bytes
		var err error
		if r.Contact == "" {
			plain, err = s.Vault.OpenTenant(ctx, t, where, sealed)
		} else {
			plain, err = s.Vault.OpenContact(ctx, t, r.Contact, where, sealed)
		}
		if err != nil {
			return nil, err
		}
		if e.Kinds[i] == store.Kept {
			return asJSON(plain.Reveal()), nil
		}
		return string(plain.Reveal()), nil
	}
	return v, nil
}

// asJSON is JSON as it is; what is none is told as text, or as octets.
func asJSON(b []byte) any {
	switch {
	case len(b) == 0:
		return nil
	case json.Valid(b):
		return json.RawMessage(b)
	case utf8.Valid(b):
		return string(b)
	}
	return b
}

// place is for what a column of a row is sealed, as those who seal it say; "" if
// nobody does.
func place(e store.Exported, r store.ExportedRow, column int) string {
	at := func(name string) string {
		i := slices.Index(e.Columns, name)
		if i < 0 {
			return ""
		}
		switch v := r.Cells[i].(type) {
		case string:
			return v
		case []byte:
			return string(v)
		}
		return ""
	}
	switch e.Table + "." + e.Columns[column] {
	case "users.profile_sealed":
		return "users.profile/" + at("user_id")
	case "provisioned_users.external_sealed":
		return "provisioned_users.external/" + at("user_id")
	case "support_grants.reason_sealed":
		return "support_grants.reason/" + at("grant_id")
	case "forwards.rules_sealed":
		return "forwards.rules/" + at("phone_id")
	case "contacts.profile_sealed":
		return "contacts.profile/" + at("contact_id")
	case "contact_addresses.address_sealed":
		return "contact_addresses.address/" + at("kind") + "/" + at("address_index")
	case "field_values.sealed":
		return "field_values.sealed/" + at("entity") + "/" + at("object_id") + "/" + at("field_id")
	case "interactions.name_sealed":
		return "interactions.name/" + at("interaction_id")
	case "interactions.flow_sealed":
		return "interactions.flow/" + at("interaction_id")
	case "interactions.reach_sealed":
		return "interactions.reach/" + at("interaction_id")
	case "call_legs.address_sealed":
		return "call_legs.address/" + at("leg_id")
	case "chats.survey_sealed":
		return "chats.survey/" + at("interaction_id")
	case "messages.body_sealed":
		return "messages.body/" + at("interaction_id") + "/" + at("message_id")
	case "attachments.name_sealed":
		return "attachments.name/" + at("attachment_id")
	case "recording_holds.reference_sealed":
		return "recording_holds.reference/" + at("hold_id")
	case "evaluations.words_sealed":
		return "evaluations.words/" + at("evaluation_id")
	}
	return ""
}

// small writes what is one small file each: prompts, greetings, photos.
func (s *Service) small(ctx context.Context, t id.Tenant, z *archive, m *Manifest) error {
	for _, table := range store.ExportedTables() {
		if table.Table != "prompt_sounds" && table.Table != "greetings" && table.Table != "photos" {
			continue
		}
		var after []any
		for {
			var rows []store.ExportedRow
			err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) { rows, err = tx.ExportedRows(table, after); return err })
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				break
			}
			for _, r := range rows {
				after = r.Cells
				of, _ := r.Cells[0].(string)
				name, open := "greetings/"+of+".wav", func() ([]byte, error) { return s.greeting(ctx, t, of) }
				switch table.Table {
				case "photos":
					name, open = "photos/"+of+".jpg", func() ([]byte, error) { return s.photo(ctx, t, of) }
				case "prompt_sounds":
					sound, _ := r.Cells[1].(string)
					name, open = "prompts/"+of+".wav", func() ([]byte, error) { return s.prompt(ctx, t, of, sound) }
				}
				if err := z.one(name, m, open); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *Service) greeting(ctx context.Context, t id.Tenant, user string) ([]byte, error) {
	var row store.GreetingRow
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) { row, err = tx.Greeting(user); return err })
	if err != nil {
		return nil, err
	}
	plain, err := s.Vault.OpenTenant(ctx, t, "greetings.sound/"+user, row.Sealed)
	return plain.Reveal(), err
}

func (s *Service) photo(ctx context.Context, t id.Tenant, user string) ([]byte, error) {
	var row store.PhotoRow
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) { row, err = tx.Photo(user); return err })
	if err != nil {
		return nil, err
	}
	plain, err := s.Vault.OpenTenant(ctx, t, "photos.photo/"+user, row.Sealed)
	return plain.Reveal(), err
}

func (s *Service) prompt(ctx context.Context, t id.Tenant, prompt, sound string) ([]byte, error) {
	sealed, err := s.Blobs.Get(ctx, blob.Key(blob.Prompts, t, prompt)+"/"+sound)
	if err != nil {
		return nil, err
	}
	plain, err := s.Vault.OpenTenant(ctx, t, "prompt_sounds.data/"+sound, sealed)
	return plain.Reveal(), err
}

// one writes a file that is opened whole, or notes that it is not there.
func (z *archive) one(name string, m *Manifest, open func() ([]byte, error)) error {
	b, err := open()
	switch {
	case errs.Is(err, errs.NotFound), errs.Is(err, errs.Gone):
		m.Missing = append(m.Missing, Missing{name, "gone"})
		return nil
	case errs.Is(err, errs.Internal):
		m.Missing = append(m.Missing, Missing{name, "damaged"})
		return nil
	case err != nil:
		return err
	}
	return z.bytes(name, zip.Store, b)
}

// attachments writes the files of conversations.
func (s *Service) attachments(ctx context.Context, t id.Tenant, v store.ExportVolume, z *archive, m *Manifest) error {
	const page = 100
	after := v.After
	for {
		var files []store.AttachmentFile
		err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) { files, err = tx.AttachmentsAfter(after, v.Until, page); return err })
		if err != nil {
			return err
		}
		for _, f := range files {
			after = f.ID
			err := z.one("attachments/"+f.ID+ending(f.MediaType), m, func() ([]byte, error) {
				sealed, err := s.Blobs.Get(ctx, f.BlobKey)
				if err != nil {
					return nil, err
				}
				plain, err := s.Vault.OpenContact(ctx, t, f.Contact, "attachments.data/"+f.ID, sealed)
				return plain.Reveal(), err
			})
			if err != nil {
				return err
			}
		}
		if len(files) < page {
			return nil
		}
	}
}

// ending is a file name's ending by media type; the name that the sender gave stands in
// the record, where it can do no harm.
func ending(mediaType string) string {
	usual := map[string]string{"image/jpeg": ".jpg", "text/plain": ".txt", "application/pdf": ".pdf", "image/png": ".png"}
	if e := usual[mediaType]; e != "" {
		return e
	}
	if e, err := mime.ExtensionsByType(mediaType); err == nil && len(e) > 0 {
		slices.Sort(e)
		return e[0]
	}
	return ".bin"
}
