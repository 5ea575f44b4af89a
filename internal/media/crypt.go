package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"nubitalk/internal/media/negotiate"
)

// replayWindow is how many packets behind the newest one may come late.
const replayWindow = 128

// maxSources is how many sources one end may use under one key: each has state.
const maxSources = 32

var profiles = map[negotiate.Suite]srtp.ProtectionProfile{
	negotiate.AES256GCM: srtp.ProtectionProfileAeadAes256Gcm,
	negotiate.AES128GCM: srtp.ProtectionProfileAeadAes128Gcm,
	negotiate.AESCM80:   srtp.ProtectionProfileAes128CmHmacSha1_80,
	negotiate.AESCM32:   srtp.ProtectionProfileAes128CmHmacSha1_32,
}

// crypt is one direction's key with its roll-over counters, which live as long
// as the key does. RTP and RTCP have a context each, because one goroutine may
// report while another sends.
type crypt struct {
	suite   negotiate.Suite
	key     negotiate.Key
	rtp     *srtp.Context
	rtcp    *srtp.Context
	header  rtp.Header // reused
	sources []uint32   // that were heard under this key
	guess   guess
}

// guess is how the roll-over counter is found of a sender whose first packets did not
// come, or were opened by another process: each is tried that the call's length allows,
// until the first packet opens. That is once at least: RFC 3711 (3.3.1) has senders
// start below half the sequence numbers so that none of the first packets is lost with a
// roll-over, but not all do.
type guess struct {
	most    uint32 // highest that may be
	packets int    // so many more are tried
}

// guessPackets bounds the work for packets that no counter opens.
const guessPackets = 20

// since lets packets be of a call that has lasted for a time.
func (c *crypt) since(lasted time.Duration) {
	if c != nil && lasted > 0 {
		const perPacket = 10 * time.Millisecond // the shortest in use
		c.guess = guess{uint32(min(lasted/perPacket>>16, 1<<10)) + 1, guessPackets}
	}
}

// search opens a packet with another roll-over counter than 0, and stays with it.
func (c *crypt) search(sealed, b []byte) ([]byte, error) {
	c.guess.packets--
	for roc := uint32(1); roc <= c.guess.most; roc++ {
		try, err := newCrypt(c.suite, c.key, true)
		if err != nil {
			return nil, err
		}
		try.rtp.SetROC(binary.BigEndian.Uint32(sealed[8:]), roc)
		if plain, err := try.rtp.DecryptRTP(b, sealed, &c.header); err == nil {
			c.rtp = try.rtp
			return plain, nil
		}
	}
	return nil, errForged
}

// newCrypt makes a direction's state; None gives nil, which is plain RTP.
func newCrypt(suite negotiate.Suite, key negotiate.Key, receives bool) (*crypt, error) {
	if suite == negotiate.None {
		return nil, nil
	}
	material := key.Material.Reveal()
	master, salt := material[:suite.KeyLen()], material[suite.KeyLen():]
	var options []srtp.ContextOption
	c := &crypt{suite: suite, key: key}
	if receives {
		c.guess = guess{1, guessPackets}
		options = append(options, srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow))
	}
	if key.MKI != "" {
		options = append(options, srtp.MasterKeyIndicator([]byte(key.MKI)))
	}
	for _, to := range []**srtp.Context{&c.rtp, &c.rtcp} {
		context, err := srtp.CreateContext(master, salt, profiles[suite], options...)
		if err != nil {
			return nil, fmt.Errorf("setting up SRTP: %w", err)
		}
		*to = context
	}
	return c, nil
}

// same says whether the state serves what was agreed.
func (c *crypt) same(suite negotiate.Suite, key negotiate.Key) bool {
	if c == nil || suite == negotiate.None {
		return c == nil && suite == negotiate.None
	}
	return c.suite == suite && c.key.Equal(key)
}

var (
	errForged = errors.New("not sealed with the other end's key")
	errReplay = errors.New("came before")
)

// open decrypts an RTP packet in place.
func (c *crypt) open(b []byte) ([]byte, error) {
	ssrc := binary.BigEndian.Uint32(b[8:])
	known := slices.Contains(c.sources, ssrc)
	if !known && len(c.sources) >= maxSources {
		return nil, errForged
	}
	var sealed []byte
	if c.guess.packets > 0 && len(c.sources) == 0 {
		sealed = slices.Clone(b) // what does not open is overwritten
	}
	plain, err := c.rtp.DecryptRTP(b, b, &c.header)
	if err != nil && sealed != nil {
		plain, err = c.search(sealed, b)
	}
	switch {
	case err == nil:
	case errors.Is(err, errForged), errors.Is(err, srtp.ErrFailedToVerifyAuthTag), errors.Is(err, srtp.ErrMKINotFound):
		return nil, errForged
	default:
		return nil, errReplay
	}
	if !known {
		c.sources = append(c.sources, ssrc)
	}
	return plain, nil
}

// seal encrypts an RTP packet in place.
func (c *crypt) seal(b []byte) ([]byte, error) { return c.rtp.EncryptRTP(b, b, &c.header) }

// parse reads an RTP packet's header and finds its payload (RFC 3550 section
// 5.1). It gives false for what is none.
func parse(b []byte, p *packet) (number uint8, ok bool) {
	if len(b) < headerSize || b[0]>>6 != 2 {
		return 0, false
	}
	start := headerSize + 4*int(b[0]&15)
	if b[0]&0x10 != 0 {
		if len(b) < start+4 {
			return 0, false
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	end := len(b)
	if b[0]&0x20 != 0 {
		end -= int(b[len(b)-1])
	}
	if start > end || b[0]&0x20 != 0 && end == len(b) {
		return 0, false
	}
	p.marker = b[1]&0x80 != 0
	p.sequence = binary.BigEndian.Uint16(b[2:])
	p.timestamp = binary.BigEndian.Uint32(b[4:])
	p.ssrc = binary.BigEndian.Uint32(b[8:])
	p.payload = b[start:end]
	return b[1] & 0x7F, true
}

// reports says whether a packet on a shared port is RTCP (RFC 5761 section 4).
func reports(b []byte) bool { return len(b) >= 2 && b[1] >= 192 && b[1] <= 223 }
