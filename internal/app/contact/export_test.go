package contact_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

func unzip(t *testing.T, b []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	must(t, err)
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		must(t, err)
		content, err := io.ReadAll(r)
		must(t, err)
		files[f.Name] = string(content)
	}
	return files
}

func TestExport(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		const text = "cst_00000000000000000000000001"
		must(t, f.db.Write(ctx, tenA, func(tx *store.Tx) error {
			body := json.RawMessage(`{"name":"Chat","purpose":"service","text":{"pt":"Aceito que guardem."},"link":"https://example.org/privacy"}`)
			if err := tx.InsertSetup(store.SetupRow{Kind: "consent-texts", ID: text, Body: body, CreatedAt: start, UpdatedAt: start}); err != nil {
				return err
			}
			return tx.InsertSetupVersion(store.SetupVersionRow{Kind: "consent-texts", ID: text, Version: 1, Body: body, ChangedBy: agent, ChangedAt: start})
		}))
		a := arrival("Ana Conceição", "email", "ana@example.org")
		a.Consent = &channel.Consent{Purpose: "service", Text: text, Version: 1, Language: "pt"}
		ana, first := f.arrive(t, tenA, a)
		f.clock.Advance(time.Minute)
		_, second := f.arrive(t, tenA, a)
		f.arrive(t, tenA, arrival("Bob", "email", "bob@example.org"))
		f.arrive(t, tenB, arrival("Ana in B", "email", "ana@example.org"))
		f.talks.messages[first] = []chat.Message{
			{Interaction: first, Seq: 1, AuthorKind: "visitor", AuthorName: "Ana", Kind: "text", Text: "olá", At: start},
			{Interaction: first, Seq: 2, AuthorKind: "agent", Author: agent, AuthorName: "Rui", Kind: "note", Text: "parece zangada", At: start},
			{Interaction: first, Seq: 3, AuthorKind: "agent", Author: agent, AuthorName: "Marta", Kind: chat.KindHint, Text: "oferece-lhe o reembolso", At: start},
			{Interaction: first, Seq: 4, AuthorKind: "visitor", Kind: "attachment", Attachment: &chat.Attachment{ID: "att_00000000000000000000000001", Name: "../../foto da Ana.png"}, At: start},
		}
		f.talks.files["att_00000000000000000000000001"] = "the picture"
		f.close(t, tenA, first)

		var out bytes.Buffer
		must(t, f.Export(ctx, officer(tenA), ana, &out))
		files := unzip(t, out.Bytes())
		var names []string
		for n := range files {
			names = append(names, n)
		}
		slices.Sort(names)
		want := []string{"README.txt", "accesses.json", "attachments/att_00000000000000000000000001.png", "contact.json", "conversations/" + first + ".json", "interactions.json"}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Error(diff)
		}
		if got := files["attachments/att_00000000000000000000000001.png"]; got != "the picture" {
			t.Errorf("file %q", got)
		}
		for file, words := range map[string][]string{
			"contact.json":                     {"Ana Conceição", "ana@example.org", "Aceito que guardem.", "given_at"},
			"interactions.json":                {first, second, "Ana Conceição", `"topic": "billing"`, `"seconds": 60`},
			"conversations/" + first + ".json": {"olá", "parece zangada", "oferece-lhe o reembolso", "../../foto da Ana.png"},
			"accesses.json":                    {"contact.exported"},
			"README.txt":                       {"Este arquivo"},
		} {
			for _, w := range words {
				if !strings.Contains(files[file], w) {
					t.Errorf("%s lacks %q:\n%s", file, w, files[file])
				}
			}
		}
		for file, content := range files {
			if strings.Contains(content, agent) || strings.Contains(content, "Marta") {
				t.Errorf("%s names a member of the staff", file)
			}
			for _, not := range []string{"Bob", "Ana in B"} {
				if strings.Contains(content, not) {
					t.Errorf("%s has %q of another person", file, not)
				}
			}
			if strings.HasSuffix(file, ".json") && !json.Valid([]byte(content)) {
				t.Errorf("%s is not JSON", file)
			}
		}
		for _, role := range []access.Role{access.Agent, access.Supervisor, access.Administrator} {
			wantCode(t, f.Export(ctx, as(tenA, agent, role), ana, io.Discard), errs.Forbidden)
		}
		wantCode(t, f.Export(ctx, officer(tenB), ana, io.Discard), errs.NotFound)
		wantCode(t, f.Export(ctx, officer(tenA), ana, full{}), errs.Internal)
	})
}

// full is a writer that takes nothing more.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }
