package erasure_test

import (
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/erasure"
)

func signed(t *testing.T, text string) (erasure.Document, ed25519.PublicKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return erasure.Document{Certificate: text, Signature: ed25519.Sign(private, []byte(text)), PublicKey: public}, public
}

func file(t *testing.T, d erasure.Document) []byte {
	t.Helper()
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestACertificateIsCheckedByItsKeyAndToTheLastOctet(t *testing.T) {
	text, err := erasure.Certificate{Organisation: "ten_1", Erased: erasure.Erased{Rows: map[string]int64{"messages": 7}, Files: 2}}.Text()
	if err != nil {
		t.Fatal(err)
	}
	d, key := signed(t, text)
	c, _, err := erasure.Check(file(t, d), key)
	if err != nil || c.Organisation != "ten_1" || c.Rows["messages"] != 7 || c.Files != 2 {
		t.Fatalf("%+v %v", c, err)
	}
	if _, _, err := erasure.Check(file(t, d), nil); err != nil {
		t.Errorf("by its own key: %v", err)
	}
	_, other := signed(t, text)
	if _, _, err := erasure.Check(file(t, d), other); !errs.Is(err, errs.Conflict) {
		t.Errorf("by another key: %v", err)
	}
	changed := d
	changed.Certificate = strings.Replace(text, `"messages": 7`, `"messages": 8`, 1)
	if changed.Certificate == text {
		t.Fatal("nothing was changed")
	}
	if _, _, err := erasure.Check(file(t, changed), key); !errs.Is(err, errs.Conflict) {
		t.Errorf("changed: %v", err)
	}
	foreign, its := signed(t, `{"form":"something else"}`)
	if _, _, err := erasure.Check(file(t, foreign), its); !errs.Is(err, errs.Unsupported) {
		t.Errorf("another thing that was signed: %v", err)
	}
	for _, not := range []string{"", "{}", "PK", "[]", `{"certificate":"x"}`, `{"certificate":"x","public_key":"AA=="}`} {
		if _, _, err := erasure.Check([]byte(not), nil); err == nil {
			t.Errorf("%q is a certificate", not)
		}
	}
}
