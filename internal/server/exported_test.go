package server

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"nubitalk/internal/app/account"
	"nubitalk/internal/app/audit"
	appexport "nubitalk/internal/app/export"
	"nubitalk/internal/app/recording"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// taken is an archive as somebody without Nubitalk reads it, after
// docs/formats/organisation.md alone.
type taken struct {
	files map[string][]byte
	rows  map[string][]m
}

// takeApart reads and checks an archive of records or attachments.
func takeApart(t *testing.T, file []byte, key ed25519.PublicKey) taken {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	a := taken{map[string][]byte{}, map[string][]m{}}
	for _, f := range z.File {
		in, err := f.Open()
		must(t, err)
		b, err := io.ReadAll(in)
		must(t, err)
		a.files[f.Name] = b
	}
	if !ed25519.Verify(key, a.files["manifest.json"], a.files["manifest.sig"]) {
		t.Error("the list of files is not signed by the organisation")
	}
	var list struct {
		Form   string
		Files  []struct{ File, SHA256 string }
		Tables []struct {
			Table, File    string
			Rows, Unopened int
		}
	}
	must(t, json.Unmarshal(a.files["manifest.json"], &list))
	if list.Form != "nubitalk organisation 1" || len(list.Files) != len(a.files)-2 {
		t.Errorf("%s with %d files of %d", list.Form, len(list.Files), len(a.files))
	}
	for _, f := range list.Files {
		if sum := sha256.Sum256(a.files[f.File]); hex.EncodeToString(sum[:]) != f.SHA256 {
			t.Errorf("%s is another", f.File)
		}
	}
	for _, table := range list.Tables {
		lines := bytes.Split(bytes.TrimSuffix(a.files[table.File], []byte("\n")), []byte("\n"))
		for _, line := range lines {
			if len(line) == 0 {
				continue
			}
			var row m
			must(t, json.Unmarshal(line, &row))
			a.rows[table.Table] = append(a.rows[table.Table], row)
		}
		if len(a.rows[table.Table]) != table.Rows || table.Unopened != 0 {
			t.Errorf("%s: %d records, %d as the list says, of which %d did not open", table.Table, len(a.rows[table.Table]), table.Rows, table.Unopened)
		}
	}
	return a
}

// fetch gets a volume, unsealed if there is an identity.
func (p *party) fetch(t *testing.T, u *drive.User, export string, volume int, with age.Identity) (int, []byte) {
	t.Helper()
	status, body := p.ask(asker{"", "Cookie", u.Cookie.String()}, "GET", fmt.Sprintf("/api/v1/exports/%s/volumes/%d", export, volume), nil)
	if status != http.StatusOK || with == nil {
		return status, []byte(body)
	}
	open, err := age.Decrypt(strings.NewReader(body), with)
	must(t, err)
	plain, err := io.ReadAll(open)
	must(t, err)
	return status, plain
}

func TestAnOrganisationTakesAllThatItHas(t *testing.T) {
	engines(t, func(t *testing.T, c *config.Config) {
		n := start(t, c, nil)
		seed := &demo.Seeder{Parts: n.contents()}
		must(t, seed.Put(t.Context(), demo.Organisations()[0]))
		a, b := putToWork(t, n, seed, "acme"), putToWork(t, n, seed, "brio")
		var told struct {
			Key []byte `json:"public_key"`
		}
		must(t, a.all.Do(t.Context(), "GET", "exports/key", nil, &told))
		key := ed25519.PublicKey(told.Key)
		identity, err := age.GenerateX25519Identity()
		must(t, err)
		begin := func(u *drive.User, in m) (e appexport.Export) {
			t.Helper()
			must(t, u.Do(t.Context(), "POST", "exports", in, &e))
			return e
		}

		refused(t, a.all.Do(t.Context(), "POST", "exports", m{"reason": "leaving", "recipient": "age1x"}, nil), 422)
		e := begin(a.all, m{"reason": "leaving", "recipient": identity.Recipient().String()})
		kinds := []string{}
		for _, v := range e.Volumes {
			kinds = append(kinds, v.Kind)
		}
		if !slices.Equal(kinds, []string{"records", "attachments", "recordings"}) || e.State != "open" || !e.Sealed {
			t.Fatalf("%+v", e)
		}
		if status, body := a.fetch(t, a.all, e.ID, 1, nil); status != 200 || bytes.Contains(body, []byte("records/")) {
			t.Errorf("what is for a recipient is plain, or is not there: %d", status)
		}
		_, file := a.fetch(t, a.all, e.ID, 1, identity)
		records := takeApart(t, file, key)

		// What people wrote and are called is open, and nobody else's is there.
		has := func(table, field, what string) {
			t.Helper()
			if !slices.ContainsFunc(records.rows[table], func(row m) bool {
				b, _ := json.Marshal(row[field])
				return strings.Contains(string(b), what)
			}) {
				t.Errorf("no %s of %s tells %q: %v", field, table, what, records.rows[table])
			}
		}
		has("organisations", "name", a.canary)
		has("users", "profile", a.canary)
		has("users", "roles", "privacy_officer")
		has("contacts", "profile", a.canary)
		has("contact_addresses", "address", strings.ToLower(a.canary)+"@example.com")
		has("interactions", "name", a.canary)
		has("messages", "body", a.canary+" writes")
		has("attachments", "name", "a.txt")
		has("recording_holds", "reference", a.canary)
		has("support_grants", "reason", a.canary)
		has("setup", "body", a.canary)
		has("recordings", "recording_id", a.recording)
		has("evaluations", "evaluation_id", a.evaluation)
		has("consents", "consent_id", a.consent)
		if len(records.files["prompts/"+a.setups["prompts"]["id"].(string)+".wav"]) < 1000 {
			t.Errorf("the prompt's sound is not there")
		}
		for name, content := range records.files {
			if bytes.Contains(content, []byte(b.canary)) || bytes.Contains(content, []byte(b.id)) {
				t.Errorf("%s tells of the other organisation", name)
			}
			if bytes.Contains(content, []byte(demo.Password)) || bytes.Contains(content, []byte("argon2")) {
				t.Errorf("%s tells how somebody signs in", name)
			}
		}
		v, err := audit.VerifyExport(bytes.NewReader(records.files["records/audit.ndjson"]))
		if err != nil || !v.Whole() || v.Entries < 10 {
			t.Errorf("the audit log: %+v %v", v, err)
		}

		_, file = a.fetch(t, a.all, e.ID, 2, identity)
		if files := takeApart(t, file, key).files; string(files["attachments/"+a.attachment+".txt"]) != a.canary+" file" {
			t.Errorf("the file of the conversation: %q", files["attachments/"+a.attachment+".txt"])
		}

		// A message in a user's own mailbox is that user's, while there are users.
		recordings := func(file []byte) recording.Checked {
			t.Helper()
			z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
			must(t, err)
			checked, err := recording.CheckArchive(z, key)
			must(t, err)
			if !checked.Whole() {
				t.Errorf("%+v", checked)
			}
			return checked
		}
		_, file = a.fetch(t, a.all, e.ID, 3, identity)
		if r := recordings(file).Recordings; len(r) != 0 {
			t.Errorf("what is in a mailbox was taken: %+v", r)
		}
		var list struct{ Items []appexport.Export }
		must(t, a.all.Do(t.Context(), "GET", "exports", nil, &list))
		if i := slices.IndexFunc(list.Items, func(x appexport.Export) bool { return x.ID == e.ID }); i < 0 || slices.ContainsFunc(list.Items[i].Volumes, func(v appexport.Volume) bool { return v.FetchedAt.IsZero() }) {
			t.Errorf("what was fetched is not noted: %+v", list.Items)
		}

		// In the grace before the end it goes on, and is all there is.
		must(t, n.keepers.db.Read(t.Context(), a.id, func(tx *store.Tx) error {
			org, err := tx.Organisation()
			if err != nil {
				return err
			}
			_, err = n.parts.accounts.BeginEnd(t.Context(), a.helper, a.id, org.Version, account.EndTerms{Days: 30})
			return err
		}))
		again, err := drive.SignIn(t.Context(), drive.Client(), n.URL(), drive.Login{Organisation: "acme", UserName: "first", Password: demo.Password})
		must(t, err)
		refused(t, again.Do(t.Context(), "GET", "contacts", nil, nil), 403)
		_, file = a.fetch(t, again, e.ID, 3, identity)
		if r := recordings(file).Recordings; len(r) != 1 || r[0].ID != a.recording {
			t.Errorf("in the grace all recordings are there: %+v", r)
		}

		// Whoever may see exports ends one, and then it gives nothing.
		must(t, again.Do(t.Context(), "DELETE", "exports/"+e.ID, nil, nil))
		if status, body := a.fetch(t, again, e.ID, 1, nil); status != 409 {
			t.Errorf("%d %s", status, body)
		}
		if status, body := a.fetch(t, again, begin(again, m{"reason": "leaving"}).ID, 9, nil); status != 404 {
			t.Errorf("%d %s", status, body)
		}
		log := []string{}
		must(t, n.keepers.db.Read(t.Context(), a.id, func(tx *store.Tx) error {
			rows, err := tx.Audit(store.AuditFilter{ObjectID: e.ID, Limit: 50})
			for _, r := range rows {
				log = append(log, r.Action)
			}
			return err
		}))
		for _, action := range []string{"organisation.export_begun", "organisation.export_fetched", "organisation.export_ended"} {
			if !slices.Contains(log, action) {
				t.Errorf("%s is not in the audit log: %v", action, log)
			}
		}
	})
}

// What was changed on its way is seen.
func TestAChangedExportIsSeen(t *testing.T) {
	n := start(t, settings(t, t.TempDir()), nil)
	acme, _ := house(t, n)
	admin := acme.admin
	admin.Roles = append(slices.Clone(admin.Roles), "privacy_officer")
	e, err := n.parts.exports.Begin(t.Context(), admin, appexport.Terms{Reason: "backup"})
	must(t, err)
	var file bytes.Buffer
	must(t, n.parts.exports.Fetch(t.Context(), admin, e.ID, 1, &file))
	key, err := n.keepers.vault.SigningKey(t.Context(), acme.ID)
	must(t, err)
	z, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	must(t, err)
	for name, change := range map[string]func(name string, b []byte) (string, []byte){
		"nothing": nil,
		"a record": func(f string, b []byte) (string, []byte) {
			if f == "records/users.ndjson" {
				b = bytes.Replace(b, []byte("ana"), []byte("eva"), 1)
			}
			return f, b
		},
		"a file more": func(f string, b []byte) (string, []byte) {
			if f == "README.txt" {
				f = "README2.txt"
			}
			return f, b
		},
		"the list": func(f string, b []byte) (string, []byte) {
			if f == "manifest.json" {
				b = bytes.Replace(b, []byte(`"volumes"`), []byte(`"volumos"`), 1)
			}
			return f, b
		},
		"another's sign": func(f string, b []byte) (string, []byte) {
			if f == "manifest.sig" {
				b = make([]byte, 64)
			}
			return f, b
		},
	} {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for _, f := range z.File {
			in, err := f.Open()
			must(t, err)
			b, err := io.ReadAll(in)
			must(t, err)
			called := f.Name
			if change != nil {
				called, b = change(called, b)
			}
			into, err := w.Create(called)
			must(t, err)
			_, err = into.Write(b)
			must(t, err)
		}
		must(t, w.Close())
		changed, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
		must(t, err)
		c, err := appexport.Check(changed, key)
		if err != nil || (len(c.Wrong) == 0) != (change == nil) {
			t.Errorf("%s changed: %v %v", name, c.Wrong, err)
		}
	}
	if c, err := appexport.Check(z, ed25519.PublicKey(make([]byte, 32))); err != nil || len(c.Wrong) != 1 {
		t.Errorf("by another key: %v %v", c.Wrong, err)
	}
}
