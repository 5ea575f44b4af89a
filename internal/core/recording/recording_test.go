package recording_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nubitalk/internal/core/recording"
)

const ms = time.Millisecond

var key = bytes.Repeat([]byte{7}, 32)

// sound is a piece of two parties.
func sound(at, length time.Duration, person, agent string) recording.Piece {
	return recording.Piece{At: at, Length: length, Tracks: []recording.Track{{Codec: recording.PCMA, Data: []byte(person)}, {Codec: recording.PCMU, Data: []byte(agent)}}}
}

func segment(t testing.TB, o object, rec string, number int, pieces ...recording.Piece) []byte {
	t.Helper()
	w := recording.NewSegment(o, rec, number)
	file := w.Head()
	for _, p := range pieces {
		more, err := w.Piece(p)
		must(t, err)
		file = append(file, more...)
	}
	end, err := w.End()
	must(t, err)
	return append(file, end...)
}

func same(a, b []recording.Piece) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

func TestSegmentsAreReadAsWritten(t *testing.T) {
	o := newObject(t, key, "ten_a", "con_1")
	rapid.Check(t, func(r *rapid.T) {
		var pieces []recording.Piece
		at := time.Duration(0)
		for range rapid.IntRange(0, 5).Draw(r, "pieces") {
			p := recording.Piece{At: at, Length: time.Duration(rapid.IntRange(0, 1000).Draw(r, "length")) * ms}
			for range rapid.IntRange(0, 3).Draw(r, "tracks") {
				p.Tracks = append(p.Tracks, recording.Track{Codec: rapid.Byte().Draw(r, "codec"), Data: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(r, "data")})
			}
			at += p.Length
			pieces = append(pieces, p)
		}
		file := segment(t, o, "rec_1", 3, pieces...)
		c, err := recording.Read(o, "rec_1", 3, file)
		if err != nil || !c.Whole || c.Good != len(file) || !same(c.Pieces, pieces) {
			r.Fatalf("read %+v, %v; wrote %+v", c, err, pieces)
		}
		if bytes.Contains(file, []byte("nubitalk")) {
			r.Fatal("a file tells whose it is")
		}

		// Cut anywhere, it opens up to the last whole piece, is not whole, and can
		// be mended.
		cut := file[:rapid.IntRange(4, len(file)-1).Draw(r, "cut")]
		c, err = recording.Read(o, "rec_1", 3, cut)
		if err != nil || c.Whole || c.Good > len(cut) || !same(c.Pieces, pieces[:len(c.Pieces)]) {
			r.Fatalf("cut to %d of %d: %+v, %v", len(cut), len(file), c, err)
		}
		c, end, err := recording.Mend(o, "rec_1", 3, cut)
		must(t, err)
		mended, err := recording.Read(o, "rec_1", 3, append(slices.Clone(cut[:c.Good]), end...))
		if err != nil || !mended.Whole || !same(mended.Pieces, c.Pieces) {
			r.Fatalf("mended: %+v, %v", mended, err)
		}

		// One bit changed anywhere is never read as whole.
		bent := slices.Clone(file)
		i := rapid.IntRange(0, len(bent)-1).Draw(r, "octet")
		bent[i] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
		if c, err := recording.Read(o, "rec_1", 3, bent); err == nil && c.Whole {
			r.Fatalf("octet %d of %d was changed, and it is whole", i, len(file))
		}
		// Nor is it of another recording, number, contact or tenant, or with more behind it.
		for what, read := range map[string]func() (recording.Contents, error){
			"another recording": func() (recording.Contents, error) { return recording.Read(o, "rec_2", 3, file) },
			"another number":    func() (recording.Contents, error) { return recording.Read(o, "rec_1", 2, file) },
			"another contact": func() (recording.Contents, error) {
				return recording.Read(newObject(t, key, "ten_a", "con_2"), "rec_1", 3, file)
			},
			"another tenant": func() (recording.Contents, error) {
				return recording.Read(newObject(t, key, "ten_b", "con_1"), "rec_1", 3, file)
			},
			"something behind it": func() (recording.Contents, error) {
				return recording.Read(o, "rec_1", 3, append(slices.Clone(file), 0))
			},
		} {
			if _, err := read(); err == nil {
				r.Fatalf("%s: it opens", what)
			}
		}
	})
}

func TestWhatIsNoSegment(t *testing.T) {
	o := newObject(t, key, "ten_a", "con_1")
	for _, file := range []string{"", "NBR", "RIFF....WAVE", "NBR2"} {
		if _, err := recording.Read(o, "rec_1", 1, []byte(file)); !errors.Is(err, recording.ErrForeign) {
			t.Errorf("%q: %v", file, err)
		}
		if _, _, err := recording.Mend(o, "rec_1", 1, []byte(file)); !errors.Is(err, recording.ErrForeign) {
			t.Errorf("mending %q: %v", file, err)
		}
	}
	w := recording.NewSegment(o, "rec_1", 1)
	for what, p := range map[string]recording.Piece{
		"before the beginning": {At: -ms},
		"too many tracks":      {Tracks: make([]recording.Track, recording.MaxTracks+1)},
		"too large":            {Tracks: []recording.Track{{Data: make([]byte, recording.MaxPiece)}}},
	} {
		if _, err := w.Piece(p); !errors.Is(err, recording.ErrSize) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := w.End()
	must(t, err)
	if _, err := w.End(); !errors.Is(err, recording.ErrEnded) {
		t.Error("it ends twice")
	}
	if _, err := w.Piece(sound(0, 20*ms, "a", "b")); !errors.Is(err, recording.ErrEnded) {
		t.Error("it goes on after its end")
	}
	// What a crash of the disk left: the last piece is there in its length, not in its octets.
	file := segment(t, o, "rec_1", 2, sound(0, 20*ms, "a", "b"), sound(20*ms, 20*ms, "c", "d"))
	c, err := recording.Read(o, "rec_1", 2, file)
	must(t, err)
	torn := slices.Clone(file[:c.Good-37]) // 4+33 octets of the end
	clear(torn[len(torn)-20:])
	got, end, err := recording.Mend(o, "rec_1", 2, torn)
	must(t, err)
	if len(got.Pieces) != 1 || len(end) == 0 {
		t.Errorf("%+v", got)
	}
}

// made is a recording of three segments with a pause between the second and the third.
type made struct {
	object
	about   recording.About
	entries []recording.Entry
	head    []byte
	files   map[string][]byte
}

func record(t testing.TB) *made {
	t.Helper()
	m := &made{object: newObject(t, key, "ten_a", "con_1"), files: map[string][]byte{},
		about: recording.About{Tenant: "ten_a", Recording: "rec_1", Interaction: "int_1", Parties: []string{"person", "agent"}}}
	m.add(recording.Entry{Kind: recording.Agreed, By: "flow", Reason: "key"})
	m.segment(t, 1, 0, sound(0, 500*ms, "aa", "AA"), sound(500*ms, 500*ms, "bb", "BB"))
	m.segment(t, 2, time.Second, sound(time.Second, time.Second, "cc", "CC"))
	m.add(recording.Entry{Kind: recording.Paused, At: 2 * time.Second, Length: 3 * time.Second, By: "usr_1", Reason: "payment"})
	m.segment(t, 3, 5*time.Second, sound(5*time.Second, time.Second, "dd", "DD"))
	m.add(recording.Entry{Kind: recording.Stopped, At: 6 * time.Second, By: "system", Reason: "ended"})
	m.sealHead(t)
	return m
}

func (m *made) add(e recording.Entry) { m.entries = m.about.Append(m.entries, e) }

func (m *made) sealHead(t testing.TB) {
	t.Helper()
	var err error
	m.head, err = recording.SealHead(m, m.about, m.entries)
	must(t, err)
}

func (m *made) segment(t testing.TB, serial int, at time.Duration, pieces ...recording.Piece) {
	t.Helper()
	name := fmt.Sprintf("seg_%d", serial)
	m.files[name] = segment(t, m.object, m.about.Recording, serial, pieces...)
	last := pieces[len(pieces)-1]
	m.add(recording.Entry{Kind: recording.Recorded, At: at, Length: last.At + last.Length - at, Segment: name, Serial: serial,
		Size: int64(len(m.files[name])), Hash: sha256.Sum256(m.files[name])})
}

func (m *made) check() string {
	var all []string
	for _, f := range recording.Check(m, m.about, m.entries, m.head, func(segment string) ([]byte, error) {
		if f := m.files[segment]; f != nil {
			return f, nil
		}
		return nil, fs.ErrNotExist
	}) {
		all = append(all, f.String())
	}
	return strings.Join(all, "\n")
}

func TestManifests(t *testing.T) {
	if faults := record(t).check(); faults != "" {
		t.Fatalf("nothing was changed, and yet:\n%s", faults)
	}
	for what, c := range map[string]struct {
		change func(m *made)
		want   string
	}{
		"a segment changed":              {func(m *made) { m.files["seg_1"][40] ^= 1 }, "entry 2: its segment was altered or swapped"},
		"a segment is named by piece":    {func(m *made) { m.files["seg_1"][40] ^= 1 }, "entry 2: piece 1 of its segment was altered, or is another's"},
		"a segment gone":                 {func(m *made) { delete(m.files, "seg_2") }, "entry 3: its segment is missing"},
		"two segments swapped":           {func(m *made) { m.files["seg_1"], m.files["seg_2"] = m.files["seg_2"], m.files["seg_1"] }, "entry 3: its segment was altered or swapped"},
		"a segment cut":                  {func(m *made) { m.files["seg_3"] = m.files["seg_3"][:len(m.files["seg_3"])-37] }, "entry 5: its segment ends too early, after 1 pieces"},
		"a file of another kind":         {func(m *made) { m.files["seg_3"] = []byte("RIFF") }, "entry 5: its segment is no segment of a recording"},
		"entries exchanged":              {func(m *made) { m.entries[1], m.entries[2] = m.entries[2], m.entries[1] }, "entry 3: stands where entry 2 should"},
		"an entry taken away":            {func(m *made) { m.entries = slices.Delete(m.entries, 3, 4) }, "entry 5: stands where entry 4 should"},
		"the newest taken away":          {func(m *made) { m.entries = m.entries[:5] }, "the manifest does not end as it was sealed: entries are missing, or it is another recording's"},
		"a pause made shorter":           {func(m *made) { m.entries[3].Length = time.Second }, "entry 4: was altered, or what stood before it"},
		"another one paused":             {func(m *made) { m.entries[3].By = "usr_2" }, "entry 4: was altered, or what stood before it"},
		"the manifest of another":        {func(m *made) { m.about.Interaction = "int_2" }, "entry 1: was altered, or what stood before it"},
		"another recording's altogether": {func(m *made) { m.about.Recording = "rec_2" }, "entry 2: piece 1 of its segment was altered, or is another's"},
	} {
		m := record(t)
		c.change(m)
		if faults := m.check(); !slices.Contains(strings.Split(faults, "\n"), c.want) {
			t.Errorf("%s: want %q, got\n%s", what, c.want, faults)
		}
	}

	// Who has the key and writes what should not be there is told, too.
	m := record(t)
	m.segment(t, 4, 4*time.Second, sound(4*time.Second, 900*ms, "card", "number"))
	m.sealHead(t)
	if faults := m.check(); !strings.Contains(faults, "entry 7: piece 1 holds something of the time of pause 4") || !strings.Contains(faults, "entry 7: begins before what stands before it ended") {
		t.Errorf("something was kept of a pause:\n%s", faults)
	}
	m = record(t)
	m.segment(t, 3, 7*time.Second, sound(9*time.Second, time.Second, "x", ""))
	m.entries[6].Length = time.Second
	m.entries = m.about.Append(m.entries[:6], m.entries[6])
	m.sealHead(t)
	if faults := m.check(); !strings.Contains(faults, "entry 7: segment 3 comes after segment 3") || !strings.Contains(faults, "entry 7: piece 1 is outside the entry's time") {
		t.Errorf("a number was used twice, and a piece is too late:\n%s", faults)
	}
}

func FuzzRead(f *testing.F) {
	o := newObject(f, key, "ten_a", "con_1")
	f.Add(segment(f, o, "rec_1", 1, sound(0, 20*ms, "a", "b")))
	f.Add([]byte("NBR1\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := recording.Read(o, "rec_1", 1, file)
		if c.Good > len(file) {
			t.Fatal("more is good than there is")
		}
		if c.Whole && err == nil && c.Good != len(file) {
			t.Fatal("whole, with something behind it")
		}
	})
}
