package recording_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"testing"

	"nubitalk/internal/base/secret"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// object is docs/formats/recording.md's sealing, written after that page and
// after nothing of the program.
type object struct {
	aead            cipher.AEAD
	tenant, contact string
}

func newObject(t testing.TB, key []byte, tenant, contact string) object {
	t.Helper()
	block, err := aes.NewCipher(key)
	must(t, err)
	aead, err := cipher.NewGCM(block)
	must(t, err)
	return object{aead, tenant, contact}
}

func (o object) aad(head []byte, where string) []byte {
	b := append([]byte{}, head...)
	for _, s := range []string{o.tenant, o.contact, where} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

func (o object) Seal(where string, plain []byte) (secret.Sealed, error) {
	b := []byte{1, 0, 0, 0, 1}
	nonce := make([]byte, 12)
	_, _ = rand.Read(nonce)
	return o.aead.Seal(append(append([]byte{}, b...), nonce...), nonce, plain, o.aad(b, where)), nil
}

func (o object) Open(where string, sealed secret.Sealed) (secret.Bytes, error) {
	if len(sealed) < 33 || sealed[0] != 1 {
		return secret.Bytes{}, errors.New("no envelope")
	}
	plain, err := o.aead.Open(nil, sealed[5:17], sealed[17:], o.aad(sealed[:5], where))
	if err != nil {
		return secret.Bytes{}, err
	}
	return secret.NewBytes(plain), nil
}
