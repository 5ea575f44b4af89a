package recording

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"io"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	form "nubitalk/internal/core/recording"
)

// proofForm names the form of proofs and its version (docs/formats/recording.md).
const proofForm = "nubitalk recording proof 1"

// proof is what an archive holds of a recording beside its sound, so that anybody
// can check it who has the organisation's public key: the manifest as it was signed,
// and the recording's own key, with which its segments open.
type proof struct {
	Form        string       `json:"form"`
	Tenant      string       `json:"tenant"`
	Contact     string       `json:"contact"`
	Recording   string       `json:"recording"`
	Interaction string       `json:"interaction"`
	Kind        string       `json:"kind"`
	Parties     []string     `json:"parties"`
	Key         []byte       `json:"key"`
	Head        []byte       `json:"head"`
	Signature   []byte       `json:"signature"`
	PublicKey   []byte       `json:"public_key"`
	Entries     []proofEntry `json:"entries"`
}

type proofEntry struct {
	Number   int    `json:"number"`
	Kind     string `json:"kind"`
	AtMS     int64  `json:"at_ms"`
	LengthMS int64  `json:"length_ms"`
	Segment  string `json:"segment,omitempty"`
	Serial   int    `json:"serial,omitempty"`
	Size     int64  `json:"size,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
	Cut      bool   `json:"cut,omitempty"`
	By       string `json:"by,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Chain    string `json:"chain"`
}

// proofOf is a recording's proof.
func (s *Service) proofOf(ctx context.Context, o *Opened) (proof, error) {
	key, err := s.Vault.ObjectKey(ctx, o.tenant, o.contact, keyPlace+o.Row.ID, o.Row.KeySealed)
	if err != nil {
		return proof{}, err
	}
	public, err := s.Vault.SigningKey(ctx, o.tenant)
	if err != nil {
		return proof{}, err
	}
	p := proof{Form: proofForm, Tenant: o.About.Tenant, Contact: o.contact, Recording: o.Row.ID, Interaction: o.Row.InteractionID, Kind: o.Row.Kind, Parties: o.Row.Parties,
		Key: key.Reveal(), Head: o.Row.HeadSealed, Signature: o.Row.Signature, PublicKey: public, Entries: []proofEntry{}}
	for _, e := range o.Entries {
		shown := proofEntry{Number: e.Number, Kind: string(e.Kind), AtMS: e.At.Milliseconds(), LengthMS: e.Length.Milliseconds(), Segment: e.Segment, Serial: e.Serial, Size: e.Size,
			Cut: e.Cut, By: e.By, Reason: e.Reason, Chain: hex.EncodeToString(e.Chain[:])}
		if e.Segment != "" {
			shown.SHA256 = hex.EncodeToString(e.Hash[:])
		}
		p.Entries = append(p.Entries, shown)
	}
	return p, nil
}

// manifest is what a proof says of its recording.
func (p proof) manifest() (form.About, []form.Entry, error) {
	a := form.About{Tenant: p.Tenant, Recording: p.Recording, Interaction: p.Interaction, Parties: p.Parties}
	var entries []form.Entry
	for _, s := range p.Entries {
		e := form.Entry{Number: s.Number, Kind: form.Kind(s.Kind), At: time.Duration(s.AtMS) * time.Millisecond, Length: time.Duration(s.LengthMS) * time.Millisecond,
			Segment: s.Segment, Serial: s.Serial, Size: s.Size, Cut: s.Cut, By: s.By, Reason: s.Reason}
		if !digest(s.Chain, &e.Chain) || s.SHA256 != "" && !digest(s.SHA256, &e.Hash) {
			return a, nil, errs.New(errs.Invalid, "Entry %d of the proof of %s has a value that is none.", s.Number, p.Recording)
		}
		entries = append(entries, e)
	}
	return a, entries, nil
}

func digest(text string, into *[32]byte) bool {
	b, err := hex.DecodeString(text)
	return copy(into[:], b) == 32 && err == nil && len(b) == 32
}

// prove writes a recording's segments, sealed as they are kept, and its proof.
func (x *exporter) prove(ctx context.Context, o *Opened) error {
	for _, e := range o.Entries {
		if e.Kind != form.Recorded {
			continue
		}
		segment, err := x.l.Recordings.file(ctx, o, e)
		if errs.Is(err, errs.NotFound) {
			continue // who checks the archive is told
		}
		if err != nil {
			return err
		}
		_, err = x.file(segmentFile(o.Row.ID, e.Segment), func(w io.Writer) error {
			_, err := w.Write(segment)
			return err
		})
		if err != nil {
			return err
		}
	}
	p, err := x.l.Recordings.proofOf(ctx, o)
	if err != nil {
		return err
	}
	_, err = x.file(o.Row.ID+"/proof.json", func(w io.Writer) error { return writeJSON(w, p) })
	return err
}

func segmentFile(recording, segment string) string { return recording + "/segments/" + segment }

// SigningKey is what a tenant's recordings are checked with.
func (l *Listeners) SigningKey(ctx context.Context, a access.Actor) (ed25519.PublicKey, error) {
	return l.Recordings.Vault.SigningKey(ctx, a.Tenant)
}
