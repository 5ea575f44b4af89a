package recording_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"nubitalk/internal/core/recording"
)

const vectorFile = "../../../docs/formats/recording-1.json"

var update = flag.Bool("update", false, "make the test vector anew")

// vector is a recording as docs/formats/recording.md shows it; octets are in hex.
type vector struct {
	Key     string        `json:"key"`
	Tenant  string        `json:"tenant"`
	Contact string        `json:"contact"`
	About   vectorAbout   `json:"about"`
	Entries []vectorEntry `json:"entries"`
	Head    string        `json:"head"`
	// The organisation's public key and its signature of these entries.
	PublicKey string            `json:"public_key"`
	Signature string            `json:"signature"`
	Segments  map[string]string `json:"segments"`
	// Opened is what the first segment holds: at and length in ms, and the tracks.
	Opened []vectorPiece `json:"opened"`
}

type vectorAbout struct {
	Recording   string   `json:"recording"`
	Interaction string   `json:"interaction"`
	Parties     []string `json:"parties"`
}

type vectorEntry struct {
	Number  int    `json:"number"`
	Kind    string `json:"kind"`
	At      int64  `json:"at_ms"`
	Length  int64  `json:"length_ms"`
	Segment string `json:"segment,omitempty"`
	Serial  int    `json:"serial,omitempty"`
	Size    int64  `json:"size,omitempty"`
	Hash    string `json:"sha256,omitempty"`
	Cut     bool   `json:"cut,omitempty"`
	By      string `json:"by,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Chain   string `json:"chain"`
}

type vectorPiece struct {
	At     int64         `json:"at_ms"`
	Length int64         `json:"length_ms"`
	Tracks []vectorTrack `json:"tracks"`
}

type vectorTrack struct {
	Codec byte   `json:"codec"`
	Data  string `json:"data"`
}

func shown(m *made, opened []recording.Piece) vector {
	v := vector{Key: hex.EncodeToString(key), Tenant: m.tenant, Contact: m.contact, About: vectorAbout{m.about.Recording, m.about.Interaction, m.about.Parties}, Head: hex.EncodeToString(m.head), Segments: map[string]string{}}
	sign := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	v.PublicKey = hex.EncodeToString(sign.Public().(ed25519.PublicKey))
	v.Signature = hex.EncodeToString(ed25519.Sign(sign, recording.Signed(m.about, m.entries)))
	for _, e := range m.entries {
		o := vectorEntry{Number: e.Number, Kind: string(e.Kind), At: e.At.Milliseconds(), Length: e.Length.Milliseconds(), Segment: e.Segment, Serial: e.Serial,
			Size: e.Size, Cut: e.Cut, By: e.By, Reason: e.Reason, Chain: hex.EncodeToString(e.Chain[:])}
		if e.Segment != "" {
			o.Hash = hex.EncodeToString(e.Hash[:])
		}
		v.Entries = append(v.Entries, o)
	}
	for name, file := range m.files {
		v.Segments[name] = hex.EncodeToString(file)
	}
	for _, p := range opened {
		o := vectorPiece{At: p.At.Milliseconds(), Length: p.Length.Milliseconds()}
		for _, t := range p.Tracks {
			o.Tracks = append(o.Tracks, vectorTrack{t.Codec, hex.EncodeToString(t.Data)})
		}
		v.Opened = append(v.Opened, o)
	}
	return v
}

// The vector is read by this program as its page says, and by a reader that was
// made after the page alone.
func TestTheVector(t *testing.T) {
	if *update {
		m := record(t)
		c, err := recording.Read(m, m.about.Recording, 1, m.files["seg_1"])
		must(t, err)
		b, err := json.MarshalIndent(shown(m, c.Pieces), "", "  ")
		must(t, err)
		must(t, os.WriteFile(vectorFile, append(b, '\n'), 0o644))
	}
	b, err := os.ReadFile(vectorFile)
	must(t, err)
	var v vector
	must(t, json.Unmarshal(b, &v))
	unhex := func(s string) []byte {
		t.Helper()
		b, err := hex.DecodeString(s)
		must(t, err)
		return b
	}
	m := &made{object: newObject(t, unhex(v.Key), v.Tenant, v.Contact), about: recording.About{Tenant: v.Tenant, Recording: v.About.Recording, Interaction: v.About.Interaction, Parties: v.About.Parties}, head: unhex(v.Head), files: map[string][]byte{}}
	for name, file := range v.Segments {
		m.files[name] = unhex(file)
	}
	for _, e := range v.Entries {
		o := recording.Entry{Number: e.Number, Kind: recording.Kind(e.Kind), At: time.Duration(e.At) * ms, Length: time.Duration(e.Length) * ms, Segment: e.Segment, Serial: e.Serial, Size: e.Size, Cut: e.Cut, By: e.By, Reason: e.Reason}
		copy(o.Hash[:], unhex(e.Hash))
		copy(o.Chain[:], unhex(e.Chain))
		m.entries = append(m.entries, o)
	}
	if faults := m.check(); faults != "" {
		t.Error(faults)
	}
	public, signature := ed25519.PublicKey(unhex(v.PublicKey)), unhex(v.Signature)
	if faults := recording.CheckSignature(public, m.about, m.entries, signature); len(faults) > 0 {
		t.Error(faults)
	}
	signed := signedAsThePageSays(t, v)
	if !ed25519.Verify(public, signed, signature) {
		t.Error("the other reader finds another signature")
	}
	c, err := recording.Read(m, v.About.Recording, 1, m.files["seg_1"])
	must(t, err)
	if got, want := fmt.Sprint(shown(m, c.Pieces).Opened), fmt.Sprint(v.Opened); got != want {
		t.Errorf("it opens as %s, not %s", got, want)
	}
	if got, want := fmt.Sprint(readAsThePageSays(t, m.object, v.About.Recording, 1, m.files["seg_1"])), fmt.Sprint(v.Opened); got != want {
		t.Errorf("the other reader reads %s, not %s", got, want)
	}
}

// readAsThePageSays is the other reader.
func readAsThePageSays(t *testing.T, o object, rec string, number int, file []byte) (all []vectorPiece) {
	t.Helper()
	if string(file[:4]) != "NBR1" {
		t.Fatal("not a segment")
	}
	n := 0
	for at := 4; ; {
		size := int(binary.BigEndian.Uint32(file[at:]))
		sealed := file[at+4 : at+4+size]
		at += 4 + size
		if at == len(file) {
			_, err := o.aead.Open(nil, sealed[5:17], sealed[17:], o.aad(sealed[:5], fmt.Sprintf("%s/%d/%d/end", rec, number, n)))
			must(t, err)
			return all
		}
		n++
		b, err := o.aead.Open(nil, sealed[5:17], sealed[17:], o.aad(sealed[:5], fmt.Sprintf("%s/%d/%d", rec, number, n)))
		must(t, err)
		p := vectorPiece{At: int64(binary.BigEndian.Uint32(b)), Length: int64(binary.BigEndian.Uint32(b[4:]))}
		tracks := b[8]
		b = b[9:]
		for range tracks {
			size := binary.BigEndian.Uint32(b[1:])
			p.Tracks = append(p.Tracks, vectorTrack{b[0], hex.EncodeToString(b[5 : 5+size])})
			b = b[5+size:]
		}
		all = append(all, p)
	}
}

// signedAsThePageSays is what is signed of the vector's manifest, as the other reader
// makes it, who finds the same chain on the way.
func signedAsThePageSays(t *testing.T, v vector) []byte {
	t.Helper()
	text := func(b []byte, s string) []byte {
		return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	b := text(nil, "nubitalk recording 1")
	for _, s := range append([]string{v.Tenant, v.About.Recording, v.About.Interaction}, v.About.Parties...) {
		b = text(b, s)
	}
	chain := sha256.Sum256(b)
	for _, e := range v.Entries {
		b = append([]byte{}, chain[:]...)
		for _, n := range []int64{int64(e.Number), e.At, e.Length, int64(e.Serial), e.Size} {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
		b = append(b, map[bool]byte{true: 1}[e.Cut])
		hash := make([]byte, 32)
		_, err := hex.Decode(hash, []byte(e.Hash))
		must(t, err)
		b = append(b, hash...)
		for _, s := range []string{e.Kind, e.Segment, e.By, e.Reason} {
			b = text(b, s)
		}
		if chain = sha256.Sum256(b); hex.EncodeToString(chain[:]) != e.Chain {
			t.Errorf("the other reader chains entry %d otherwise", e.Number)
		}
	}
	b = text(nil, "nubitalk recording signature 1")
	b = binary.BigEndian.AppendUint32(b, uint32(len(v.Entries)))
	return append(b, chain[:]...)
}
