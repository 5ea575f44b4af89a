package vault_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/recording"
	"nubitalk/internal/vault"
)

// What an object seals opens with its key and place only, on another node too,
// and nowhere once the contact's key is gone.
func TestObjects(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	o, wrapped, err := f.NewObject(ctx, tenA, "con_1", "recordings.key/rec_1")
	must(t, err)
	piece, err := o.Seal("1/1", []byte("sound"))
	must(t, err)
	again, err := f.another(t).OpenObject(ctx, tenA, "con_1", "recordings.key/rec_1", wrapped)
	must(t, err)
	got, err := again.Open("1/1", piece)
	must(t, err)
	if string(got.Reveal()) != "sound" {
		t.Errorf("it opened as %q", got.Reveal())
	}
	other, _, err := f.NewObject(ctx, tenA, "con_1", "recordings.key/rec_1")
	must(t, err)
	theirs, _, err := f.NewObject(ctx, tenB, "con_1", "recordings.key/rec_1")
	must(t, err)
	bent := slices.Clone(piece)
	bent[len(bent)-1] ^= 1
	for what, try := range map[string]func() error{
		"another place":        func() error { _, err := o.Open("1/2", piece); return err },
		"another object":       func() error { _, err := other.Open("1/1", piece); return err },
		"another tenant":       func() error { _, err := theirs.Open("1/1", piece); return err },
		"one bit":              func() error { _, err := o.Open("1/1", bent); return err },
		"half of it":           func() error { _, err := o.Open("1/1", piece[:20]); return err },
		"nothing":              func() error { _, err := o.Open("1/1", nil); return err },
		"a contact's value":    func() error { _, err := o.Open("here", f.sealContact(t, tenA, "con_1", "x")); return err },
		"a key of another":     func() error { _, err := f.OpenObject(ctx, tenB, "con_1", "recordings.key/rec_1", wrapped); return err },
		"a key somewhere else": func() error { _, err := f.OpenObject(ctx, tenA, "con_1", "recordings.key/rec_2", wrapped); return err },
		"a key that is no key": func() error {
			_, err := f.OpenObject(ctx, tenA, "con_1", "here", f.sealContact(t, tenA, "con_1", "short"))
			return err
		},
		"a key of no length":    func() error { _, err := f.OpenObject(ctx, tenA, "con_1", "recordings.key/rec_1", nil); return err },
		"sealing without place": func() error { _, err := o.Seal("", []byte("x")); return err },
	} {
		if try() == nil {
			t.Errorf("%s: it opened", what)
		}
	}
	must(t, f.DestroyContact(ctx, tenA, "con_1"))
	_, err = f.OpenObject(ctx, tenA, "con_1", "recordings.key/rec_1", wrapped)
	wantCode(t, err, errs.Gone)
	_, _, err = f.NewObject(ctx, tenA, "con_1", "recordings.key/rec_2")
	wantCode(t, err, errs.Gone)
}

// The recording that docs/formats/recording.md shows to others opens here, too.
func TestObjectsOpenTheDocumentedRecording(t *testing.T) {
	b, err := os.ReadFile("../../docs/formats/recording-1.json")
	must(t, err)
	var v struct {
		Key, Tenant, Contact string
		About                struct{ Recording string }
		Segments             map[string]string
	}
	must(t, json.Unmarshal(b, &v))
	key, err := hex.DecodeString(v.Key)
	must(t, err)
	o, err := vault.ObjectWithKey(id.Tenant(v.Tenant), v.Contact, key)
	must(t, err)
	file, err := hex.DecodeString(v.Segments["seg_1"])
	must(t, err)
	c, err := recording.Read(o, v.About.Recording, 1, file)
	if err != nil || !c.Whole || len(c.Pieces) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
}
