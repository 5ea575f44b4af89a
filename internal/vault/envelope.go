package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"sync"

	"nubitalk/internal/base/errs"
)

// An envelope is what a sealed value looks like:
//
//	byte 0      format, 1
//	bytes 1-4   version of the key, big endian
//	bytes 5-16  nonce, random
//	the rest    AES-256-GCM ciphertext and its 16-byte tag
//
// The associated data is the format, the key's version, and then tenant,
// contact and where, each led by its length, so that no two places share it.
const (
	format     = 1
	keySize    = 32
	nonceAt    = 5
	nonceSize  = 12
	tagSize    = 16
	headSize   = nonceAt + nonceSize
	overhead   = headSize + tagSize
	maxVersion = 1<<32 - 1
	// maxPlain bounds one sealed value: an attachment fits with room to spare.
	maxPlain = 64 << 20
)

// place is what a sealed value is bound to.
type place struct{ tenant, contact, where string }

func (p place) append(b []byte) []byte {
	for _, s := range [...]string{p.tenant, p.contact, p.where} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

// aads lends buffers for associated data, which would otherwise be the largest
// allocation of sealing a short message.
var aads = sync.Pool{New: func() any { b := make([]byte, 0, 256); return &b }}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func seal(aead cipher.AEAD, version int64, p place, plain []byte) []byte {
	out := make([]byte, headSize, overhead+len(plain))
	out[0] = format
	binary.BigEndian.PutUint32(out[1:], uint32(version))
	_, _ = rand.Read(out[nonceAt:headSize]) // never fails: it ends the program instead
	buf := aads.Get().(*[]byte)
	aad := p.append(append((*buf)[:0], out[:nonceAt]...))
	out = aead.Seal(out, out[nonceAt:headSize], plain, aad)
	*buf = aad
	aads.Put(buf)
	return out
}

// envelopeHead is how every envelope of a key's version begins.
func envelopeHead(version int64) []byte {
	return binary.BigEndian.AppendUint32([]byte{format}, uint32(version))
}

// envelopeVersion reads the version of the key that an envelope needs.
func envelopeVersion(sealed []byte) (int64, error) {
	if len(sealed) < overhead || sealed[0] != format {
		return 0, damaged()
	}
	return int64(binary.BigEndian.Uint32(sealed[1:])), nil
}

func open(aead cipher.AEAD, p place, sealed []byte) ([]byte, error) {
	buf := aads.Get().(*[]byte)
	aad := p.append(append((*buf)[:0], sealed[:nonceAt]...))
	plain, err := aead.Open(nil, sealed[nonceAt:headSize], sealed[headSize:], aad)
	*buf = aad
	aads.Put(buf)
	if err != nil {
		return nil, damaged()
	}
	return plain, nil
}

func damaged() error {
	return errs.New(errs.Internal, "A stored value is damaged or does not belong where it was found.")
}
