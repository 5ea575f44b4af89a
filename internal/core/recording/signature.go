package recording

import (
	"crypto/ed25519"
)

// signedForm begins what is signed of a manifest, and says what it is.
const signedForm = "nubitalk recording signature 1"

// Signed is what is signed of a manifest as far as it goes: how many entries there
// are and the chain's value at the last, which binds all before it, whose recording
// it is, and its tracks.
func Signed(a About, entries []Entry) []byte {
	return append(field(nil, signedForm), a.head(entries)...)
}

// CheckSignature says what is wrong with a manifest's signature: nothing, if who has
// the key signed just these entries. A recording that was cut short, together with
// an earlier signature of its own, is as it was then: it has no end.
func CheckSignature(key ed25519.PublicKey, a About, entries []Entry, signature []byte) []Fault {
	switch {
	case len(signature) == 0:
		return []Fault{{0, FaultManifest, "the manifest is not signed"}}
	case len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, Signed(a, entries), signature):
		return []Fault{{0, FaultManifest, "the manifest is not as it was signed, or another key signed it"}}
	}
	return nil
}

// Ended says whether a manifest has its end. One without is of a recording that was
// still being made, or is not all of it.
func Ended(entries []Entry) bool {
	return len(entries) > 0 && entries[len(entries)-1].Kind == Stopped
}
