package recording

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/base/secret"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/opus"
	"nubitalk/internal/media/tape"
	"nubitalk/internal/vault"
)

// Bounds of what is read of an archive that may be anybody's.
const (
	mostProof   = 64 << 20
	mostSegment = 256 << 20
)

// Checked is what a check of an archive found.
type Checked struct {
	Recordings []CheckedRecording
	// Wrong is what is wrong with the archive itself, in words.
	Wrong []string
}

// CheckedRecording is what a check of one recording found.
type CheckedRecording struct {
	ID    string
	Wrong []string // nothing: it is as it was made
	// Open says that it has no end: it was still being made as it was exported, or
	// something was cut off together with its signature.
	Open bool
	// Uncompared says that its sound is Opus of another version of the program, so that
	// only its segments could be checked.
	Uncompared bool
	// Key is what it was signed with, as it says itself.
	Key ed25519.PublicKey
}

// Whole says that nothing is wrong.
func (c Checked) Whole() bool {
	return len(c.Wrong) == 0 && !slices.ContainsFunc(c.Recordings, func(r CheckedRecording) bool { return len(r.Wrong) > 0 })
}

// CheckArchive reads an archive that Export wrote, or its unpacked folder, and says
// all that is not as it was recorded. key is the organisation's; without one each
// recording is checked with the key that it brings, which proves only that all of it
// was signed by one hand.
func CheckArchive(files fs.FS, key ed25519.PublicKey) (Checked, error) {
	var all archive
	c := Checked{}
	if err := readJSON(files, "manifest.json", &all); err != nil {
		return c, errs.Wrap(errs.Invalid, err, "There is no whole archive of recordings: its list of files (manifest.json) is missing or cannot be read.")
	}
	if all.Form != archiveForm {
		return c, errs.New(errs.Unsupported, "This is no archive of recordings of a form that this program knows.")
	}
	named, recordings := map[string]bool{"manifest.json": true}, map[string]bool{}
	for _, f := range all.Files {
		named[f.File] = true
		recording, _, inside := strings.Cut(f.File, "/")
		if inside {
			recordings[recording] = true
		}
		if fault := checkFile(files, f); fault != "" {
			c.Wrong = append(c.Wrong, fault)
		}
	}
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !named[path] {
			c.Wrong = append(c.Wrong, path+": is not in the list of files")
		}
		return err
	})
	if err != nil {
		return c, errs.Wrap(errs.Invalid, err, "The archive could not be read.")
	}
	if len(recordings) != all.Recordings {
		c.Wrong = append(c.Wrong, fmt.Sprintf("the list of files says %d recordings, and names %d", all.Recordings, len(recordings)))
	}
	for recording := range recordings {
		c.Recordings = append(c.Recordings, checkRecording(files, recording, key))
	}
	order.By(c.Recordings, func(a, b CheckedRecording) int { return cmp.Compare(a.ID, b.ID) })
	return c, nil
}

// checkFile says what is wrong with a file of the list; "" if nothing is.
func checkFile(files fs.FS, f archived) string {
	file, err := files.Open(f.File)
	if err != nil {
		return f.File + ": is missing"
	}
	defer file.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(file, f.Size+1))
	if err != nil || n != f.Size || hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return f.File + ": is not what the list of files says"
	}
	return ""
}

func checkRecording(files fs.FS, recording string, key ed25519.PublicKey) (c CheckedRecording) {
	c.ID = recording
	wrong := func(what string, args ...any) { c.Wrong = append(c.Wrong, fmt.Sprintf(what, args...)) }
	var p proof
	if err := readJSON(files, recording+"/proof.json", &p); err != nil || p.Form != proofForm {
		wrong("its proof is missing or cannot be read")
		return c
	}
	c.Key = p.PublicKey
	if p.Recording != recording {
		wrong("its proof is of another recording, %q", p.Recording)
	}
	about, entries, err := p.manifest()
	if err != nil {
		wrong("%s", errs.As(err).Text)
		return c
	}
	if key == nil {
		key = p.PublicKey
	}
	object, err := vault.ObjectOf(id.Tenant(p.Tenant), p.Contact, secret.NewBytes(p.Key))
	if err != nil {
		wrong("its key is none")
		return c
	}
	c.Open = !form.Ended(entries)
	faults := form.CheckSignature(key, about, entries, p.Signature)
	segment := func(name string) ([]byte, error) { return readFile(files, segmentFile(recording, name), mostSegment) }
	faults = append(faults, form.Check(object, about, entries, p.Head, segment)...)
	for _, f := range faults {
		wrong("%s", f)
	}
	if p.Kind == Voice || p.Kind == Message {
		if len(p.Parties) == 0 || len(p.Parties) > form.MaxTracks {
			wrong("it has %d tracks", len(p.Parties))
			return c
		}
		pieces := func(e form.Entry) []form.Piece {
			content, err := segment(e.Segment)
			if err != nil {
				return nil
			}
			read, _ := form.Read(object, recording, e.Serial, content) // what opens
			return read.Pieces
		}
		var found []string
		if _, err := fs.Stat(files, recording+"/"+opusFile(0)); err == nil {
			found, c.Uncompared = checkOpus(files, recording, len(p.Parties), entries, pieces)
		} else {
			found = checkSound(files, recording, len(p.Parties), entries, pieces)
		}
		for _, s := range found {
			wrong("%s", s)
		}
	}
	return c
}

// checkSound compares the WAV file of a recording with its segments.
func checkSound(files fs.FS, recording string, tracks int, entries []form.Entry, pieces func(form.Entry) []form.Piece) (wrong []string) {
	file, err := files.Open(recording + "/sound.wav")
	if err != nil {
		return []string{"its sound (sound.wav) is missing"}
	}
	defer file.Close()
	head := make([]byte, 44)
	if _, err := io.ReadFull(file, head); err != nil || !bytes.Equal(head, audio.WAVHead(tape.Frames(lengthOf(entries)), tape.Rate, tracks)) {
		return []string{"its sound (sound.wav) is not of the length or the channels that the manifest says"}
	}
	if err := soundOf(entries, tracks, pieces, func(from, until time.Duration, pcm []int16) error {
		want := audio.AppendPCM(nil, pcm)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(file, got); err != nil {
			return fmt.Errorf("its sound (sound.wav) ends after %s", from)
		}
		if !bytes.Equal(got, want) {
			wrong = append(wrong, fmt.Sprintf("its sound (sound.wav) is another between %s and %s", from, until))
		}
		return nil
	}); err != nil {
		return append(wrong, err.Error())
	}
	if n, _ := file.Read(head); n > 0 {
		wrong = append(wrong, "its sound (sound.wav) goes on after its end")
	}
	return wrong
}

// checkOpus makes the Opus files of a recording again of its segments, and compares.
// Those of another version of the program cannot be compared.
func checkOpus(files fs.FS, recording string, tracks int, entries []form.Entry, pieces func(form.Entry) []form.Piece) (wrong []string, uncompared bool) {
	for track := range tracks {
		name := opusFile(track)
		file, err := files.Open(recording + "/" + name)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("its sound (%s) is missing", name))
			continue
		}
		is := bufio.NewReaderSize(file, 1<<12)
		if begin, _ := is.Peek(1 << 10); !bytes.Contains(begin, []byte(opus.Maker)) {
			uncompared = true
			_ = file.Close()
			continue
		}
		c := &comparing{with: is}
		f, err := opus.New(c)
		if err == nil {
			err = soundOf(entries, tracks, pieces, func(from, _ time.Duration, pcm []int16) error {
				if err := f.Write(ofTrack(pcm, track, tracks)); err != nil {
					return fmt.Errorf("its sound (%s) is another after %s", name, max(0, from-exportStep))
				}
				return nil
			})
		}
		switch {
		case err != nil:
			wrong = append(wrong, err.Error())
		case f.Close() != nil:
			wrong = append(wrong, fmt.Sprintf("its sound (%s) has another end", name))
		default:
			if _, err := is.ReadByte(); err == nil {
				wrong = append(wrong, fmt.Sprintf("its sound (%s) goes on after its end", name))
			}
		}
		_ = file.Close()
	}
	return wrong, uncompared
}

// comparing takes only what it reads itself.
type comparing struct{ with io.Reader }

var errOther = errors.New("it is another")

func (c *comparing) Write(b []byte) (int, error) {
	is := make([]byte, len(b))
	if _, err := io.ReadFull(c.with, is); err != nil || !bytes.Equal(is, b) {
		return 0, errOther
	}
	return len(b), nil
}

// lengthOf is how long a recording is.
func lengthOf(entries []form.Entry) (length time.Duration) {
	for _, e := range entries {
		length = max(length, e.At+e.Length)
	}
	return length
}

// soundOf gives the sound of segments in parts, as an export has it.
func soundOf(entries []form.Entry, tracks int, pieces func(form.Entry) []form.Piece, give func(from, until time.Duration, pcm []int16) error) error {
	var held []form.Piece // of segments that reach into what is given
	next, length := 0, lengthOf(entries)
	for from := time.Duration(0); from < length; from += exportStep {
		until := min(from+exportStep, length)
		held = slices.DeleteFunc(held, func(p form.Piece) bool { return p.At+p.Length <= from })
		for ; next < len(entries) && entries[next].At < until; next++ {
			if entries[next].Kind == form.Recorded {
				held = append(held, pieces(entries[next])...)
			}
		}
		if err := give(from, until, tape.Samples(held, from, until, tracks)); err != nil {
			return err
		}
	}
	return nil
}

func readFile(files fs.FS, name string, most int64) ([]byte, error) {
	file, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(b)) > most {
		err = errs.New(errs.Invalid, "%s is too large.", name)
	}
	return b, err
}

func readJSON(files fs.FS, name string, into any) error {
	b, err := readFile(files, name, mostProof)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}
