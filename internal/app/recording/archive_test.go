package recording_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"nubitalk/internal/app/recording"
)

// folder is an unpacked archive.
func folder(files map[string][]byte) fstest.MapFS {
	out := fstest.MapFS{}
	for name, content := range files {
		out[name] = &fstest.MapFile{Data: content}
	}
	return out
}

// Who has an archive and the organisation's public key, and nothing else, is told
// all that is not as it was recorded.
func TestArchivesAreChecked(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		l := f.listeners(&rules{})
		r, o := f.recorded("abcdefghijklmnop")
		other, p := f.recorded("zyxwvutsrqpo")
		key, err := l.SigningKey(ctx, dpo)
		must(t, err)
		theirs, err := f.Vault.SigningKey(ctx, tenB)
		must(t, err)
		var b bytes.Buffer
		must(t, l.Export(ctx, dpo, recording.Export{Recordings: []string{r.ID(), other.ID()}, Reason: "legal"}, &b))
		files := unzipped(t, b.Bytes())

		packed, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		must(t, err)
		whole, err := recording.CheckArchive(packed, key)
		must(t, err)
		if !whole.Whole() || len(whole.Recordings) != 2 || whole.Recordings[0].Open || !bytes.Equal(whole.Recordings[0].Key, key) {
			t.Fatalf("as it was made: %+v", whole)
		}
		segment := func(n int) string { return r.ID() + "/segments/" + segments(o)[n].Segment }
		proof := r.ID() + "/proof.json"
		entries := func(change func(all []map[string]any) []map[string]any) func(map[string][]byte) {
			return func(files map[string][]byte) {
				var p map[string]any
				must(t, json.Unmarshal(files[proof], &p))
				var all []map[string]any
				for _, e := range p["entries"].([]any) {
					all = append(all, e.(map[string]any))
				}
				p["entries"] = change(all)
				files[proof], err = json.Marshal(p)
				must(t, err)
			}
		}
		for what, c := range map[string]struct {
			do   func(files map[string][]byte)
			key  ed25519.PublicKey
			says string
		}{
			"another's key": {func(map[string][]byte) {}, theirs, "another key signed it"},
			"an altered segment": {func(files map[string][]byte) {
				files[segment(1)] = slices.Clone(files[segment(1)])
				files[segment(1)][100] ^= 1
			}, key, "entry 2: its segment was altered or swapped"},
			"a segment that is missing": {func(files map[string][]byte) { delete(files, segment(1)) }, key, "entry 2: its segment is missing"},
			"segments that changed places": {func(files map[string][]byte) {
				files[segment(0)], files[segment(1)] = files[segment(1)], files[segment(0)]
			}, key, "entry 1: its segment was altered or swapped"},
			"another recording's segment": {func(files map[string][]byte) {
				files[segment(0)] = files[other.ID()+"/segments/"+segments(p)[0].Segment]
			}, key, "entry 1: piece 1 of its segment was altered, or is another's"},
			"an entry that says more": {entries(func(all []map[string]any) []map[string]any {
				all[0]["reason"] = "payment"
				return all
			}), key, "entry 1: was altered"},
			"entries in another order": {entries(func(all []map[string]any) []map[string]any {
				all[0], all[1] = all[1], all[0]
				return all
			}), key, "stands where entry"},
			"the newest entries taken away": {entries(func(all []map[string]any) []map[string]any { return all[:len(all)-1] }), key, "the manifest is not as it was signed"},
			"another recording's proof":     {func(files map[string][]byte) { files[proof] = files[other.ID()+"/proof.json"] }, key, "of another recording"},
			"no proof":                      {func(files map[string][]byte) { delete(files, proof) }, key, "its proof is missing"},
			"another sound": {func(files map[string][]byte) {
				wav := slices.Clone(files[r.ID()+"/sound.wav"])
				wav[44+4*8000*12] ^= 1
				files[r.ID()+"/sound.wav"] = wav
			}, key, "is another between 10s and 16s"},
			"a sound that ends early": {func(files map[string][]byte) {
				files[r.ID()+"/sound.wav"] = files[r.ID()+"/sound.wav"][:44+4*8000*3]
			}, key, "ends after 0s"},
		} {
			bent := maps.Clone(files)
			c.do(bent)
			found, err := recording.CheckArchive(folder(bent), c.key)
			must(t, err)
			var said []string
			for _, one := range found.Recordings {
				if one.ID == r.ID() {
					said = one.Wrong
				}
			}
			if found.Whole() || !strings.Contains(strings.Join(said, "\n"), c.says) {
				t.Errorf("%s: %q", what, said)
			}
			if what == "another's key" {
				continue
			}
			if len(found.Wrong) == 0 {
				t.Errorf("%s: the list of files agrees", what)
			}
		}
		for what, files := range map[string]map[string][]byte{"nothing": {}, "no list": {"x": nil}, "a list that is none": {"manifest.json": []byte("{")}, "another form": {"manifest.json": []byte(`{"form":"x"}`)}} {
			if _, err := recording.CheckArchive(folder(files), key); err == nil {
				t.Errorf("%s is an archive", what)
			}
		}
		more := maps.Clone(files)
		more["rec_x/sound.wav"] = []byte("RIFF")
		if found, err := recording.CheckArchive(folder(more), key); err != nil || !slices.Equal(found.Wrong, []string{"rec_x/sound.wav: is not in the list of files"}) {
			t.Errorf("a file too many: %v, %v", found.Wrong, err)
		}
	})
}

// While a recording is being made, and after a crash, what there is of its manifest
// is signed.
func TestAManifestIsSignedAsItGrows(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		l := f.listeners(&rules{})
		key, err := l.SigningKey(ctx, dpo)
		must(t, err)
		src := &player{}
		r := f.begin(src)
		src.say("abcdefghijkl")
		until(t, "no segment is whole", func() bool {
			o, err := f.Open(ctx, tenA, r.ID())
			return err == nil && len(segments(o)) == 2
		})
		check := func(open bool) {
			t.Helper()
			var b bytes.Buffer
			must(t, l.Export(ctx, dpo, recording.Export{Recordings: []string{r.ID()}, Reason: "legal"}, &b))
			found, err := recording.CheckArchive(folder(unzipped(t, b.Bytes())), key)
			must(t, err)
			if !found.Whole() || found.Recordings[0].Open != open {
				t.Errorf("%+v", found)
			}
		}
		check(true)
		must(t, r.End(ctx, boss, "ended"))
		check(false)
	})
}
