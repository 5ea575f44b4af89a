package opus

import (
	"encoding/binary"
	"io"
)

// pages writes one logical stream of Ogg pages (RFC 3533 section 6).
type pages struct {
	w       io.Writer
	number  uint32
	lengths []byte // the page's segment table
	body    []byte
	packets int
}

const (
	packetsOfPage = 50 // a second
	mostSegments  = 255
	serial        = 1 // of the stream, which is the only one
)

// full says whether the next packet comes on another page.
func (p *pages) full() bool {
	return p.packets == packetsOfPage || len(p.lengths)+mostFrame/255+1 > mostSegments
}

// add puts a packet on the page.
func (p *pages) add(packet []byte) {
	n := len(packet)
	for ; n >= 255; n -= 255 {
		p.lengths = append(p.lengths, 255)
	}
	p.lengths = append(p.lengths, byte(n))
	p.body = append(p.body, packet...)
	p.packets++
}

// flush writes the page; until is the place of its last sample.
func (p *pages) flush(until int64, first, last bool) error {
	kind := byte(0)
	if first {
		kind |= 2
	}
	if last {
		kind |= 4
	}
	page := append([]byte("OggS"), 0, kind)
	page = binary.LittleEndian.AppendUint64(page, uint64(until))
	page = binary.LittleEndian.AppendUint32(page, serial)
	page = binary.LittleEndian.AppendUint32(page, p.number)
	page = append(page, 0, 0, 0, 0, byte(len(p.lengths)))
	page = append(append(page, p.lengths...), p.body...)
	binary.LittleEndian.PutUint32(page[22:], checksum(page))
	p.number++
	p.lengths, p.body, p.packets = p.lengths[:0], p.body[:0], 0
	_, err := p.w.Write(page)
	return err
}

// checksum is CRC-32 with the polynomial 0x04C11DB7, neither reflected nor inverted.
func checksum(b []byte) (sum uint32) {
	for _, o := range b {
		sum = sum<<8 ^ remainders[byte(sum>>24)^o]
	}
	return sum
}

var remainders = func() (all [256]uint32) {
	for i := range all {
		r := uint32(i) << 24
		for range 8 {
			if r&(1<<31) != 0 {
				r = r<<1 ^ 0x04C11DB7
			} else {
				r <<= 1
			}
		}
		all[i] = r
	}
	return all
}()
