package recording_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/tphakala/go-opus/oggopus"

	"nubitalk/internal/app/recording"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/opus"
)

// tonal is a source in which each side says a tone of its own for so many seconds.
func tonal(seconds int) *player {
	p := &player{}
	for i := range seconds {
		piece := form.Piece{At: time.Duration(i) * time.Second, Length: time.Second}
		for _, hertz := range []float64{500, 1300} {
			octets := make([]byte, audio.Rate)
			g711.A.EncodeTo(octets, audio.Tone{Hertz: []float64{hertz}, Level: -12, Length: time.Second}.PCM())
			piece.Tracks = append(piece.Tracks, form.Track{Codec: form.PCMA, Data: octets})
		}
		p.ready = append(p.ready, piece)
	}
	return p
}

// decoded is an Opus file in its telephone rate.
func decoded(t *testing.T, file []byte) (pcm []int16) {
	t.Helper()
	d, err := oggopus.NewDecoder(bytes.NewReader(file))
	must(t, err)
	raw, err := io.ReadAll(d)
	must(t, err)
	const every = 12 // octets: 48 kHz of 16 bits
	for at := 0; at+1 < len(raw); at += every {
		pcm = append(pcm, int16(uint16(raw[at])|uint16(raw[at+1])<<8))
	}
	return pcm
}

// Sound as Opus: a file for each track, as long as the recording, with what was said and
// silence where something is missing; plain and for one recipient. Whoever checks the
// archive is told where it is not of its segments, and where that cannot be said.
func TestRecordingsAreExportedAsOpus(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		l := f.listeners(&rules{})
		r := f.begin(tonal(13))
		must(t, r.End(ctx, boss, "ended"))
		until(t, "not all is uploaded", func() bool { return len(f.spooled()) == 0 })
		o, err := f.Open(ctx, tenA, r.ID())
		must(t, err)
		key, err := l.SigningKey(ctx, dpo)
		must(t, err)
		wish := recording.Export{Recordings: []string{r.ID()}, Reason: "legal", Sound: recording.Opus}
		exported := func(wish recording.Export) map[string][]byte {
			t.Helper()
			var b bytes.Buffer
			must(t, l.Export(ctx, dpo, wish, &b))
			return unzipped(t, b.Bytes())
		}
		files, wav := exported(wish), exported(recording.Export{Recordings: []string{r.ID()}, Reason: "legal"})
		if _, there := files[r.ID()+"/sound.wav"]; there {
			t.Error("it is WAV as well")
		}
		var one struct {
			Tracks []string
			Sounds []struct{ File string }
		}
		must(t, json.Unmarshal(files[r.ID()+"/manifest.json"], &one))
		if len(one.Tracks) != 2 || len(one.Sounds) != 2 || one.Sounds[1].File != r.ID()+"/sound-2.opus" {
			t.Fatalf("%+v", one)
		}
		first := r.ID() + "/sound-1.opus"
		if was := len(wav[r.ID()+"/sound.wav"]) - 44; was != 13*4*audio.Rate || len(files[first])*8 > was {
			t.Errorf("%d octets for a track, in place of %d for two", len(files[first]), was)
		}
		for file, own := range map[string]float64{first: 500, one.Sounds[1].File: 1300} {
			heard := decoded(t, files[file])
			if len(heard) != 13*audio.Rate {
				t.Fatalf("%d samples of %d", len(heard), 13*audio.Rate)
			}
			for _, hertz := range []float64{500, 1300} {
				for second := range 13 {
					level := audio.Power(heard[second*audio.Rate+800:(second+1)*audio.Rate-800], hertz)
					if is := hertz == own; is && (level < -14 || level > -10) || !is && level > -50 {
						t.Errorf("%s: second %d has %v Hz at %.1f dB", file, second, hertz, level)
					}
				}
			}
		}

		check := func(files map[string][]byte) recording.CheckedRecording {
			t.Helper()
			found, err := recording.CheckArchive(folder(files), key)
			must(t, err)
			return found.Recordings[0]
		}
		if c := check(files); len(c.Wrong) > 0 || c.Uncompared {
			t.Errorf("as it was made: %+v", c)
		}
		for what, c := range map[string]struct {
			do   func(files map[string][]byte)
			says string
		}{
			"another sound":           {func(m map[string][]byte) { b := slices.Clone(m[first]); b[len(b)-200] ^= 1; m[first] = b }, "its sound (sound-1.opus)"},
			"the other side's":        {func(m map[string][]byte) { m[first] = m[r.ID()+"/sound-2.opus"] }, "its sound (sound-1.opus) is another"},
			"one that ends early":     {func(m map[string][]byte) { m[first] = m[first][:len(m[first])/2] }, "its sound (sound-1.opus)"},
			"one that goes on":        {func(m map[string][]byte) { m[first] = append(slices.Clone(m[first]), 0) }, "its sound (sound-1.opus) goes on after its end"},
			"a track that is missing": {func(m map[string][]byte) { delete(m, r.ID()+"/sound-2.opus") }, "its sound (sound-2.opus) is missing"},
		} {
			bent := maps.Clone(files)
			c.do(bent)
			if said := check(bent).Wrong; !strings.Contains(strings.Join(said, "\n"), c.says) {
				t.Errorf("%s: %q", what, said)
			}
		}
		older := maps.Clone(files)
		older[first] = bytes.Replace(files[first], []byte(opus.Maker), []byte(strings.Repeat("x", len(opus.Maker))), 1)
		if c := check(older); !c.Uncompared || len(c.Wrong) > 0 {
			t.Errorf("of another version: %+v", c)
		}

		// What is missing is silent, and said so.
		must(t, f.blobs.Delete(ctx, f.key(segments(o)[1])))
		files = exported(wish)
		var with struct{ Missing []recording.Span }
		must(t, json.Unmarshal(files[r.ID()+"/manifest.json"], &with))
		heard := decoded(t, files[first])
		if !slices.Equal(with.Missing, []recording.Span{{AtMS: 5000, LengthMS: 5000}}) || audio.Measure(heard[6*audio.Rate:9*audio.Rate]).Peak > -70 || audio.Measure(heard[11*audio.Rate:12*audio.Rate]).Peak < -60 {
			t.Errorf("%+v", with)
		}

		// For one recipient.
		id, err := age.GenerateX25519Identity()
		must(t, err)
		wish.Recipient = id.Recipient().String()
		var sealed bytes.Buffer
		must(t, l.Export(ctx, dpo, wish, &sealed))
		if bytes.Contains(sealed.Bytes(), []byte("OpusHead")) || bytes.Contains(sealed.Bytes(), []byte(r.ID())) {
			t.Error("it is not sealed")
		}
		open, err := age.Decrypt(&sealed, id)
		must(t, err)
		content, err := io.ReadAll(open)
		must(t, err)
		if !bytes.Equal(unzipped(t, content)[first], files[first]) {
			t.Error("sealed it is another")
		}
	})
}
