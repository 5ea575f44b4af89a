package erasure

import (
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
)

// Form names the form of certificates and its version. A certificate's text
// begins with it, so that its signature is of nothing else.
const Form = "nubitalk certificate of erasure 1"

// Certificate is what is said of an organisation that was erased.
type Certificate struct {
	Form         string `json:"form"`
	Organisation string `json:"organisation"`
	Name         string `json:"name"`
	Kind         string `json:"kind"`
	// BegunBy is who began the end: an organisation and its user, by their ids.
	BegunBy By        `json:"begun_by"`
	BegunAt time.Time `json:"begun_at"`
	// EndedAt is when its keys were destroyed.
	EndedAt time.Time `json:"ended_at"`
	// MadeAt is when its rows and files had been removed.
	MadeAt time.Time `json:"made_at"`
	Erased
	// Stays is what is kept, and why.
	Stays []string `json:"stays"`
	// Look is 1, or 2 for one that was made anew because a second look ten minutes
	// later found more.
	Look int `json:"look"`
}

// By is a user of an organisation.
type By struct {
	Organisation string `json:"organisation"`
	User         string `json:"user"`
}

// Erased is what went.
type Erased struct {
	// Keys are the organisation's own, by purpose, with how many versions there were.
	Keys map[string]int64 `json:"keys"`
	// ContactKeys is how many contacts had a key of their own.
	ContactKeys int `json:"contact_keys"`
	// AuditEntries and AuditHead are the number and the hash (SHA-256, hexadecimal) of
	// the last entry of its audit log: who kept an export of the log can show that it was whole.
	AuditEntries int64  `json:"audit_entries"`
	AuditHead    string `json:"audit_head"`
	// Rows are how many of each table.
	Rows  map[string]int64 `json:"rows"`
	Files int64            `json:"files"`
}

// Text is what is signed.
func (c Certificate) Text() (string, error) {
	c.Form = Form
	b, err := json.MarshalIndent(c, "", "  ")
	return string(b) + "\n", err
}

// Document is a certificate as it is handed over.
type Document struct {
	Certificate string `json:"certificate" doc:"The text that was signed: JSON, to be taken as it is, to the last octet."`
	Signature   []byte `json:"signature" doc:"Ed25519, 64 octets, in base64."`
	PublicKey   []byte `json:"public_key" doc:"32 octets, in base64: compare it with the operator's, which it tells by a way that you trust."`
}

const begins = "{\n  \"form\": \"" + Form + "\","

// Check reads a document and checks its signature: by the key given, or, with
// none, by the one that it names itself, which shows only that it is whole.
func Check(document []byte, key ed25519.PublicKey) (Certificate, Document, error) {
	var d Document
	var c Certificate
	if err := json.Unmarshal(document, &d); err != nil || d.Certificate == "" {
		return c, d, errs.New(errs.Invalid, "This is no certificate of erasure.")
	}
	if key == nil {
		key = d.PublicKey
	} else if !key.Equal(ed25519.PublicKey(d.PublicKey)) {
		return c, d, errs.New(errs.Conflict, "This certificate was signed with another key than the one you gave.")
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, []byte(d.Certificate), d.Signature) {
		return c, d, errs.New(errs.Conflict, "This certificate is not as it was signed.")
	}
	if err := json.Unmarshal([]byte(d.Certificate), &c); err != nil || !strings.HasPrefix(d.Certificate, begins) {
		return c, d, errs.New(errs.Unsupported, "This is signed, but is no certificate of erasure that this version knows.")
	}
	return c, d, nil
}
