package recording

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"

	"filippo.io/age"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/opus"
	"nubitalk/internal/media/tape"
	"nubitalk/internal/store"
)

// ActionExported is how the audit log names that a recording went into an export.
const ActionExported = "recording.exported"

const (
	// exportStep is how much sound is in memory at once.
	exportStep = 10 * time.Second
	// exportPage is how many conversations are looked for at once.
	exportPage = 100
	// mostWAV is how many bytes of sound a WAV file holds.
	mostWAV = 1<<32 - 1<<12
)

// Export says what is exported, why, and for whom.
type Export struct {
	Recordings []string // these; none: what the filter finds
	Queue      string   // of conversations in this queue
	Agent      string   // that this user held last
	From, To   time.Time
	Reason     string // a word for the audit log
	Recipient  string // an age recipient: nobody else can open the archive; "": it is plain
	Sound      Format // "": WAV
}

// Whole says which recordings a volume of an export of the whole organisation has.
type Whole struct {
	After, Until string // by their ids; Until "": all
	Mailboxes    bool   // also messages by voice in users' own mailboxes
	Reason       string // a word for the audit log
	Sound        Format
}

// Format is how an archive has sound.
type Format string

const (
	WAV  Format = "wav"  // as it was said, all tracks in one file
	Opus Format = "opus" // a fifth of that or less, a file for each track
)

// exported is what a recording's manifest says in an archive.
type exported struct {
	Item
	Tracks  []string `json:"tracks"`
	Marks   []Mark   `json:"marks"`
	Missing []Span   `json:"missing"`
	Faults  []Damage `json:"faults"`
	Sound   archived `json:"sound,omitzero"`
	// Sounds are Opus files, one for each track.
	Sounds []archived `json:"sounds,omitempty"`
	Screen archived   `json:"screen,omitzero"`
}

// archived is a file of an archive.
type archived struct {
	File   string `json:"file"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// archive is what the manifest of all says.
type archive struct {
	Form       string     `json:"form"`
	MadeAt     time.Time  `json:"made_at"`
	Recordings int        `json:"recordings"`
	Files      []archived `json:"files"`
}

// archiveForm names the form of archives and its version.
const archiveForm = "nubitalk recordings 1"

// Export writes an archive of recordings: a ZIP file with the sound and a
// manifest for each, and a manifest of all. It is written as it is read, with
// little in memory; each recording is noted in the audit log before its sound is
// read. Nothing is written before the first recording was found.
func (l *Listeners) Export(ctx context.Context, a access.Actor, in Export, w io.Writer) error {
	if access.Reach(a, access.RecExport) < access.SomeOf {
		return errs.New(errs.Forbidden, "You may not export recordings.")
	}
	var to age.Recipient
	if in.Recipient != "" {
		var err error
		if to, err = age.ParseX25519Recipient(in.Recipient); err != nil {
			return errs.Bad("recipient", "is no age recipient; one begins with age1")
		}
	}
	x := &exporter{l: l, a: a, in: in, to: to, w: w, all: archive{Form: archiveForm, MadeAt: l.Recordings.Clock.Now().UTC(), Files: []archived{}}}
	if err := x.run(ctx); err != nil {
		return err
	}
	return x.end()
}

// ExportWhole is Export for who takes all that the organisation has (access.OrgArchive),
// which is more than recordings: it asks nobody about each conversation.
func (l *Listeners) ExportWhole(ctx context.Context, a access.Actor, in Whole, w io.Writer) error {
	if access.Reach(a, access.OrgArchive) != access.Tenant {
		return errs.New(errs.Forbidden, "You may not export recordings.")
	}
	x := &exporter{l: l, a: a, in: Export{Reason: in.Reason, Sound: in.Sound}, whole: true, w: w, all: archive{Form: archiveForm, MadeAt: l.Recordings.Clock.Now().UTC(), Files: []archived{}}}
	for after := in.After; ; {
		var ids []string
		err := l.Recordings.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
			ids, err = tx.RecordingsAfter(after, in.Until, in.Mailboxes, exportPage)
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range ids {
			if err := x.one(ctx, r, false); err != nil {
				return err
			}
			after = r
		}
		if len(ids) < exportPage {
			return x.end()
		}
	}
}

type exporter struct {
	l      *Listeners
	a      access.Actor
	in     Export
	whole  bool // of all that the organisation has
	to     age.Recipient
	w      io.Writer
	sealed io.WriteCloser // nil: plain
	zip    *zip.Writer    // nil before the first file
	all    archive
}

func (x *exporter) run(ctx context.Context) error {
	if len(x.in.Recordings) > 0 {
		for _, r := range x.in.Recordings {
			if err := x.one(ctx, r, true); err != nil {
				return err
			}
		}
		return nil
	}
	f := store.InteractionFilter{Within: store.WithinOf(x.a, access.RecExport), Reader: x.a.User, Queue: x.in.Queue, Agent: x.in.Agent, From: x.in.From, To: x.in.To, Recorded: true, Limit: exportPage}
	for {
		var ids []string
		var n int
		err := x.l.Recordings.DB.Read(ctx, x.a.Tenant, func(tx *store.Tx) error {
			rows, err := tx.SearchInteractions(f)
			ids, n = ids[:0], len(rows)
			for _, r := range rows {
				of, err := tx.Recordings(r.ID)
				if err != nil {
					return err
				}
				for _, rec := range of {
					ids = append(ids, rec.ID)
				}
				f.Before = store.Cursor{At: r.ArrivedAt, ID: r.ID}
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range ids {
			if err := x.one(ctx, r, false); err != nil {
				return err
			}
		}
		if n < exportPage {
			return nil
		}
	}
}

// one writes a recording. One that was found by the filter may be gone meanwhile.
func (x *exporter) one(ctx context.Context, recording string, must bool) error {
	none := errs.New(errs.NotFound, "This recording does not exist.")
	if !id.Valid(id.Recording, recording) {
		return none
	}
	o, err := x.l.Recordings.Open(ctx, x.a.Tenant, recording)
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Gone) {
		if must {
			return none
		}
		return nil
	}
	if err != nil {
		return err
	}
	if !x.whole {
		err = x.l.May(ctx, x.a, access.RecExport, o.Row.InteractionID)
	}
	if errs.Is(err, errs.NotFound) && !must { // a message in somebody's mailbox
		return nil
	}
	if err != nil {
		return err
	}
	length := time.Duration(o.Row.LengthMS) * time.Millisecond
	tracks := len(o.Row.Parties)
	if o.Row.Kind != Screen && x.in.Sound != Opus && int64(tape.Frames(length))*int64(2*tracks) > mostWAV {
		return errs.New(errs.Unsupported, "This recording cannot be exported as WAV.")
	}
	err = x.l.Recordings.DB.Write(ctx, x.a.Tenant, func(tx *store.Tx) error {
		return x.l.Audit.Record(tx, x.a, ActionExported, "recording", recording, map[string]string{"interaction": o.Row.InteractionID, "reason": x.in.Reason})
	})
	if err != nil {
		return err
	}
	m := exported{Item: item(o.Row, false), Tracks: o.Row.Parties, Marks: marks(o, x.l.Recordings.Clock.Now()), Missing: []Span{},
		Faults: damages(o, form.CheckManifest(o.object, o.About, o.Entries, o.Row.HeadSealed))}
	if o.Row.Kind == Screen {
		m.Screen, err = x.file(recording+"/screen.webm", func(w io.Writer) (err error) {
			m.Missing, err = x.l.Recordings.film(ctx, o, w)
			return err
		})
		if err != nil {
			return err
		}
		x.all.Recordings++
		_, err = x.file(recording+"/manifest.json", func(w io.Writer) error { return writeJSON(w, m) })
		return err
	}
	if x.in.Sound == Opus {
		err = x.opus(ctx, o, length, &m)
	} else {
		err = x.wav(ctx, o, length, &m)
	}
	if err != nil {
		return err
	}
	x.all.Recordings++
	if _, err = x.file(recording+"/manifest.json", func(w io.Writer) error { return writeJSON(w, m) }); err != nil {
		return err
	}
	return x.prove(ctx, o)
}

// wav writes all tracks of a recording as one file, and notes what of it is missing.
func (x *exporter) wav(ctx context.Context, o *Opened, length time.Duration, m *exported) (err error) {
	tracks := len(o.Row.Parties)
	m.Sound, err = x.file(o.Row.ID+"/sound.wav", func(w io.Writer) error {
		if _, err := w.Write(audio.WAVHead(tape.Frames(length), tape.Rate, tracks)); err != nil {
			return err
		}
		m.Missing, err = x.samples(ctx, o, length, func(pcm []int16) error {
			_, err := w.Write(audio.AppendPCM(nil, pcm))
			return err
		})
		return err
	})
	return err
}

// opus writes each track of a recording as a file of its own: what is coded together
// is not quite apart. The recording is read once for each, so that little is in memory.
func (x *exporter) opus(ctx context.Context, o *Opened, length time.Duration, m *exported) error {
	tracks := len(o.Row.Parties)
	for track := range tracks {
		named, err := x.file(o.Row.ID+"/"+opusFile(track), func(w io.Writer) error {
			f, err := opus.New(w)
			if err != nil {
				return err
			}
			m.Missing, err = x.samples(ctx, o, length, func(pcm []int16) error { return f.Write(ofTrack(pcm, track, tracks)) })
			if err != nil {
				return err
			}
			return f.Close()
		})
		if err != nil {
			return err
		}
		m.Sounds = append(m.Sounds, named)
	}
	return nil
}

// samples gives all of a recording's sound in parts, and says what is missing.
func (x *exporter) samples(ctx context.Context, o *Opened, length time.Duration, give func([]int16) error) (missing []Span, err error) {
	missing = []Span{}
	for from := time.Duration(0); from < length; from += exportStep {
		until := min(from+exportStep, length)
		pieces, lost, err := x.l.Recordings.hear(ctx, o, from, until)
		if err != nil {
			return nil, err
		}
		missing = append(missing, lost...)
		if err := give(tape.Samples(pieces, from, until, len(o.Row.Parties))); err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// opusFile is the name of a track's file.
func opusFile(track int) string { return fmt.Sprintf("sound-%d.opus", track+1) }

// ofTrack is one of several tracks whose samples take turns.
func ofTrack(pcm []int16, track, tracks int) []int16 {
	one := make([]int16, 0, len(pcm)/tracks)
	for i := track; i < len(pcm); i += tracks {
		one = append(one, pcm[i])
	}
	return one
}

// file writes one file, and notes it for the manifest of all.
func (x *exporter) file(name string, write func(io.Writer) error) (archived, error) {
	if err := x.begin(); err != nil {
		return archived{}, err
	}
	into, err := x.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: x.all.MadeAt})
	if err != nil {
		return archived{}, err
	}
	c := &counting{into: into, sum: sha256.New()}
	if err := write(c); err != nil {
		return archived{}, err
	}
	f := archived{name, c.size, hex.EncodeToString(c.sum.Sum(nil))}
	x.all.Files = append(x.all.Files, f)
	return f, nil
}

// begin begins the archive, once.
func (x *exporter) begin() (err error) {
	if x.zip != nil {
		return nil
	}
	into := x.w
	if x.to != nil {
		if x.sealed, err = age.Encrypt(x.w, x.to); err != nil {
			return err
		}
		into = x.sealed
	}
	x.zip = zip.NewWriter(into)
	return nil
}

// end writes the manifest of all.
func (x *exporter) end() error {
	if err := x.begin(); err != nil {
		return err
	}
	all := x.all
	if _, err := x.file("manifest.json", func(w io.Writer) error { return writeJSON(w, all) }); err != nil {
		return err
	}
	if err := x.zip.Close(); err != nil || x.sealed == nil {
		return err
	}
	return x.sealed.Close()
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
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
