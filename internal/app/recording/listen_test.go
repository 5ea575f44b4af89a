package recording_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"testing"
	"time"

	"filippo.io/age"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	form "nubitalk/internal/core/recording"
	coresetup "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

type rules struct{ coresetup.Listening }

func (r *rules) Rules(context.Context, id.Tenant) (coresetup.Rules, error) {
	return coresetup.Rules{Listening: r.Listening}, nil
}

// noted is an audit log that takes everything; the whole program's is tested with
// it.
type noted struct{}

func (noted) Record(*store.Tx, access.Actor, string, string, string, map[string]string) error {
	return nil
}

var (
	sue    = access.Actor{Tenant: tenA, User: "usr_sue", Session: "ses_1", Roles: []access.Role{access.Supervisor}}
	ben    = access.Actor{Tenant: tenA, User: "usr_ben", Session: "ses_2", Roles: []access.Role{access.Agent}} // holds the interaction
	theirs = access.Actor{Tenant: tenB, User: "usr_sue", Session: "ses_1", Roles: []access.Role{access.Supervisor}}
)

// listeners hear the fixture's recordings; the interaction of each tenant is the
// business of ben and of who reaches all.
func (f *fixture) listeners(r *rules) *recording.Listeners {
	return recording.NewListeners(recording.ListenDeps{Recordings: f.Service, Rules: r, Audit: noted{},
		May: func(_ context.Context, a access.Actor, p access.Permission, interaction string) error {
			if interaction != f.works[a.Tenant] || !access.May(a, p, access.Thing{Tenant: a.Tenant, Holders: []string{ben.User}}) {
				return errs.New(errs.NotFound, "This interaction does not exist.")
			}
			return nil
		},
		Evaluated: func(_ context.Context, a access.Actor, interaction, recording string) (string, error) {
			if interaction != f.works[a.Tenant] || a.Tenant != tenA {
				return "", nil
			}
			return f.evaluated[a.User+" "+recording], nil
		}})
}

// recorded is a recording of so many seconds, all of it in the blob store.
func (f *fixture) recorded(seconds string) (*recording.Running, *recording.Opened) {
	f.t.Helper()
	src := &player{}
	r := f.begin(src)
	src.say(seconds)
	until(f.t, "it is not taken", src.waits)
	must(f.t, r.End(f.t.Context(), boss, "ended"))
	until(f.t, "not all is uploaded", func() bool { return len(f.spooled()) == 0 })
	o, err := f.Open(f.t.Context(), tenA, r.ID())
	must(f.t, err)
	return r, o
}

func (f *fixture) key(e form.Entry) string { return blob.Key(blob.Recordings, tenA, e.Segment) }

func segments(o *recording.Opened) (all []form.Entry) {
	for _, e := range o.Entries {
		if e.Kind == form.Recorded {
			all = append(all, e)
		}
	}
	return all
}

// Going to a place in a long recording takes the segments of that place, and no
// others: all others are not there.
func TestOnlyWhatIsHeardIsFetched(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		l := f.listeners(&rules{})
		r, o := f.recorded("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst")
		all := segments(o)
		if len(all) < 8 {
			t.Fatalf("%d segments", len(all))
		}
		for _, e := range all[:4] {
			must(t, f.blobs.Delete(ctx, f.key(e)))
		}
		for _, e := range all[6:] {
			must(t, f.blobs.Delete(ctx, f.key(e)))
		}
		opened, err := l.Listen(ctx, sue, r.ID(), "")
		must(t, err)
		s, err := l.Sound(ctx, sue, r.ID(), opened.Ticket, all[4].At, all[5].At+all[5].Length)
		if err != nil || len(s.Missing) != 0 || len(s.WAV) != 44+10*2*2*8000 {
			t.Fatalf("%v, %v, %d", err, s.Missing, len(s.WAV))
		}
		s, err = l.Sound(ctx, sue, r.ID(), opened.Ticket, all[4].At-2*time.Second, all[4].At+time.Second)
		want := []recording.Span{{AtMS: all[4].At.Milliseconds() - 2000, LengthMS: 2000}}
		if err != nil || !slices.Equal(s.Missing, want) {
			t.Errorf("%v, %v", err, s.Missing)
		}
		// Beyond the end there is nothing, and nothing is missing.
		if s, err = l.Sound(ctx, sue, r.ID(), opened.Ticket, 46*time.Second, 50*time.Second); err != nil || len(s.Missing) != 0 || len(s.WAV) != 44 {
			t.Errorf("%v, %v, %d", err, s.Missing, len(s.WAV))
		}
	})
}

// What was altered, cut short or swapped is silence with a name; the rest plays.
func TestDamageIsTold(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		l := f.listeners(&rules{})
		r, o := f.recorded("abcdefghijklmnopqrst")
		all := segments(o)
		get := func(e form.Entry) []byte {
			b, err := f.Blobs.Get(ctx, f.key(e))
			must(t, err)
			return slices.Clone(b)
		}
		first, third := get(all[0]), get(all[2])
		first[len(first)-100] ^= 1 // within the last second's piece, or the end
		must(t, f.Blobs.Put(ctx, f.key(all[0]), secret.Sealed(first)))
		must(t, f.Blobs.Put(ctx, f.key(all[1]), secret.Sealed(third))) // another segment of the same recording
		must(t, f.Blobs.Put(ctx, f.key(all[3]), secret.Sealed(get(all[3])[:20_000])))
		opened, err := l.Listen(ctx, sue, r.ID(), "quality")
		must(t, err)
		s, err := l.Sound(ctx, sue, r.ID(), opened.Ticket, 0, 20*time.Second)
		must(t, err)
		want := []recording.Span{{AtMS: 4000, LengthMS: 1000}, {AtMS: 5000, LengthMS: 5000}, {AtMS: 17_000, LengthMS: 3000}}
		if !slices.Equal(s.Missing, want) {
			t.Errorf("missing are %v", s.Missing)
		}
		if s.WAV[44+4*8000*13] == s.WAV[44+4*8000*4+400] {
			t.Error("what is not damaged does not sound, or what is damaged does")
		}
		faults, err := l.Verify(ctx, sue, r.ID(), opened.Ticket)
		must(t, err)
		of := func(at int64, what form.FaultKind) bool {
			return slices.Contains(faults, recording.Damage{AtMS: at, LengthMS: 5000, What: what})
		}
		if !of(0, form.FaultAltered) || !of(5000, form.FaultAltered) || of(10_000, form.FaultAltered) || !of(15_000, form.FaultShort) {
			t.Errorf("%+v", faults)
		}
		// What it looks like is not kept while a part of it is not there.
		wave, err := l.Draw(ctx, sue, r.ID(), opened.Ticket)
		if err != nil || len(wave) != 2 || len(wave[0]) != 400 || wave[0][120] != 0 || wave[0][250] == 0 {
			t.Errorf("%v, %v", wave, err)
		}
		must(t, f.Blobs.Put(ctx, f.key(all[2]), secret.Sealed(third)))
		if again, err := l.Listen(ctx, sue, r.ID(), "quality"); err != nil || again.Waveform != nil {
			t.Errorf("%v, %v", again.Waveform, err)
		}
	})
}

// A manifest that was altered is told at the opening.
func TestAnAlteredManifestIsTold(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		l := f.listeners(&rules{})
		r, o := f.recorded("abcdefgh")
		must(t, f.DB.Write(ctx, tenA, func(tx *store.Tx) error {
			row := o.Row
			row.HeadSealed = slices.Clone(row.HeadSealed)
			row.HeadSealed[len(row.HeadSealed)-1] ^= 1
			return tx.UpdateRecording(row)
		}))
		opened, err := l.Listen(ctx, sue, r.ID(), "")
		if err != nil || !slices.Equal(opened.Faults, []recording.Damage{{What: form.FaultManifest}}) {
			t.Errorf("%+v, %v", opened.Faults, err)
		}
	})
}

func TestWhoMayListenAndForHowLong(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		r := &rules{}
		l := f.listeners(r)
		rec, _ := f.recorded("abcdefgh")
		sound := func(a access.Actor, ticket string) error {
			_, err := l.Sound(ctx, a, rec.ID(), ticket, 0, time.Second)
			return err
		}
		wants := func(what string, err error, code errs.Code) {
			t.Helper()
			if !errs.Is(err, code) {
				t.Errorf("%s: %v, not %s", what, err, code)
			}
		}
		listen := func(a access.Actor, reason string) (string, error) {
			o, err := l.Listen(ctx, a, rec.ID(), reason)
			return o.Ticket, err
		}
		ticket, err := listen(sue, "")
		must(t, err)
		must(t, sound(sue, ticket))
		_, err = listen(theirs, "")
		wants("another tenant", err, errs.NotFound)
		wants("another tenant, with the ticket", sound(theirs, ticket), errs.NotFound)
		_, err = listen(ben, "")
		wants("an agent", err, errs.Forbidden)
		list := func() int {
			items, err := l.List(ctx, ben, f.works[tenA])
			must(t, err)
			return len(items)
		}
		listed := list()
		r.Agents = true
		if now := list(); listed != 0 || now != 1 {
			t.Errorf("an agent is shown %d recordings, and %d where the rules let it listen", listed, now)
		}
		own, err := listen(ben, "")
		must(t, err)
		must(t, sound(ben, own))
		wants("with another's ticket", sound(ben, ticket), errs.Conflict)
		other := sue
		other.Session = "ses_9"
		wants("another sign-in", sound(other, ticket), errs.Conflict)
		wants("no ticket", sound(sue, ""), errs.Conflict)
		wants("a made-up ticket", sound(sue, "AQAAAAGgoaKjpKWmp6ipqqusra6v"), errs.Conflict)
		r.Reason = true
		_, err = listen(sue, "")
		wants("no reason", err, errs.Invalid)
		r.Agents = false
		wants("an agent who may no more", sound(ben, own), errs.Forbidden)
		f.Clock.(*clock.Virtual).Advance(4*time.Hour + time.Second)
		wants("a ticket of long ago", sound(sue, ticket), errs.Conflict)
		_, err = l.Listen(ctx, sue, "rec_none", "quality")
		wants("no recording", err, errs.NotFound)
		must(t, f.Vault.DestroyContact(ctx, tenA, f.contacts[tenA]))
		_, err = listen(sue, "quality")
		wants("an erased person's", err, errs.NotFound)
	})
}

var dpo = access.Actor{Tenant: tenA, User: "usr_dpo", Session: "ses_3", Roles: []access.Role{access.PrivacyOfficer}}

// unzipped are an archive's files.
func unzipped(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	must(t, err)
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		must(t, err)
		files[f.Name], err = io.ReadAll(r)
		must(t, err)
	}
	return files
}

// An archive holds the sound, what is missing of it, and a hash of each file; it is
// for who may, and can be for one recipient alone.
func TestRecordingsAreExported(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		l := f.listeners(&rules{})
		first, o := f.recorded("abcdefghijklm")
		second, _ := f.recorded("xyz")
		must(t, f.blobs.Delete(ctx, f.key(segments(o)[1])))

		var plain bytes.Buffer
		must(t, l.Export(ctx, dpo, recording.Export{Reason: "legal"}, &plain))
		files := unzipped(t, plain.Bytes())
		var all struct {
			Recordings int
			Files      []struct {
				File, SHA256 string
				Size         int
			}
		}
		must(t, json.Unmarshal(files["manifest.json"], &all))
		if all.Recordings != 2 || len(all.Files) != 9 || len(files) != 10 {
			t.Errorf("%+v", all)
		}
		for _, named := range all.Files {
			if sum := sha256.Sum256(files[named.File]); hex.EncodeToString(sum[:]) != named.SHA256 || len(files[named.File]) != named.Size {
				t.Errorf("%s is not what the manifest says", named.File)
			}
		}
		wav := files[first.ID()+"/sound.wav"]
		if len(wav) != 44+13*4*8000 {
			t.Fatalf("%d bytes", len(wav))
		}
		sample := func(second int) byte { return wav[44+4*8000*second+401] } // of the first track, the upper half
		if sample(0) == 0 || sample(7) != 0 || sample(11) == 0 {
			t.Errorf("it sounds %d, %d, %d", sample(0), sample(7), sample(11))
		}
		var one struct {
			Missing []recording.Span
			Tracks  []string
			Marks   []recording.Mark
		}
		must(t, json.Unmarshal(files[first.ID()+"/manifest.json"], &one))
		if !slices.Equal(one.Missing, []recording.Span{{AtMS: 5000, LengthMS: 5000}}) || !slices.Equal(one.Tracks, []string{"person", "agent"}) || len(one.Marks) != 1 {
			t.Errorf("%+v", one)
		}

		// For one recipient: noise to all others.
		key, err := age.GenerateX25519Identity()
		must(t, err)
		var sealed bytes.Buffer
		must(t, l.Export(ctx, dpo, recording.Export{Recordings: []string{second.ID()}, Reason: "legal", Recipient: key.Recipient().String()}, &sealed))
		if bytes.Contains(sealed.Bytes(), []byte("RIFF")) || bytes.Contains(sealed.Bytes(), []byte(second.ID())) {
			t.Error("it is not sealed")
		}
		r, err := age.Decrypt(&sealed, key)
		must(t, err)
		opened, err := io.ReadAll(r)
		must(t, err)
		if files := unzipped(t, opened); len(files) != 5 || len(files[second.ID()+"/sound.wav"]) != 44+3*4*8000 {
			t.Errorf("%d files", len(files))
		}

		var nothing bytes.Buffer
		dpoB := dpo
		dpoB.Tenant = tenB
		for what, c := range map[string]struct {
			a    access.Actor
			in   recording.Export
			code errs.Code
		}{
			"a supervisor":           {sue, recording.Export{Reason: "legal"}, errs.Forbidden},
			"another tenant's":       {dpoB, recording.Export{Reason: "legal", Recordings: []string{first.ID()}}, errs.NotFound},
			"none such":              {dpo, recording.Export{Reason: "legal", Recordings: []string{"rec_x"}}, errs.NotFound},
			"to nobody who could be": {dpo, recording.Export{Reason: "legal", Recipient: "age1nobody"}, errs.Invalid},
		} {
			if err := l.Export(ctx, c.a, c.in, &nothing); !errs.Is(err, c.code) || nothing.Len() > 0 {
				t.Errorf("%s: %v, %d bytes", what, err, nothing.Len())
			}
		}
		must(t, l.Export(ctx, dpoB, recording.Export{Reason: "legal"}, &nothing))
		if files := unzipped(t, nothing.Bytes()); len(files) != 1 {
			t.Errorf("another tenant gets %d files", len(files))
		}
		var late bytes.Buffer
		must(t, l.Export(ctx, dpo, recording.Export{Reason: "legal", From: start.Add(time.Hour)}, &late))
		if files := unzipped(t, late.Bytes()); len(files) != 1 {
			t.Errorf("of a time without conversations there are %d files", len(files))
		}
	})
}
