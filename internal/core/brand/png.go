package brand

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"io"

	"nubitalk/internal/base/errs"
)

// What a logo may be. Pages make any picture fit before they send it.
const (
	MostLogoBytes  = 64 << 10
	MostLogoWidth  = 480
	MostLogoHeight = 160
	leastLogoSide  = 16
)

const pngHead = "\x89PNG\r\n\x1a\n"

// picture is what the header of a PNG says (PNG, 11.2.1).
type picture struct {
	width, height int
	wide          int // octets of a pixel
}

// CleanPNG reads a PNG of true colour with 8 bits a channel whole, and writes it
// anew with nothing in it but its pixels: no text, no place, no script. plate is
// the kind of pages on which it would hardly be seen.
func CleanPNG(b []byte) (clean []byte, plate Theme, err error) {
	if len(b) > MostLogoBytes {
		return nil, "", errs.Bad("logo", "must have at most %d kB", MostLogoBytes>>10)
	}
	p, packed, ok := readPNG(b)
	if !ok {
		return nil, "", errs.Bad("logo", "must be a PNG of true colour with 8 bits a channel, not interlaced")
	}
	if p.width < leastLogoSide || p.width > MostLogoWidth || p.height < leastLogoSide || p.height > MostLogoHeight {
		return nil, "", errs.Bad("logo", "must be %d to %d pixels wide and %d to %d high", leastLogoSide, MostLogoWidth, leastLogoSide, MostLogoHeight)
	}
	pixels, ok := p.unpack(packed)
	if !ok {
		return nil, "", errs.Bad("logo", "is a damaged PNG")
	}
	return p.write(packed), p.plate(pixels), nil
}

// readPNG takes the header and the packed pixels out of the chunks (PNG, 5).
func readPNG(b []byte) (p picture, packed []byte, ok bool) {
	if !bytes.HasPrefix(b, []byte(pngHead)) {
		return p, nil, false
	}
	b = b[len(pngHead):]
	for first := true; len(b) >= 12; first = false {
		n, kind := binary.BigEndian.Uint32(b), string(b[4:8])
		if uint64(n)+12 > uint64(len(b)) || binary.BigEndian.Uint32(b[8+n:]) != crc32.ChecksumIEEE(b[4:8+n]) {
			return p, nil, false
		}
		data := b[8 : 8+n]
		b = b[12+n:]
		switch {
		case first != (kind == "IHDR"):
			return p, nil, false
		case first:
			if p, ok = header(data); !ok {
				return p, nil, false
			}
		case kind == "IDAT":
			packed = append(packed, data...)
		case kind == "IEND":
			return p, packed, len(b) == 0 // nothing rides behind it
		case kind[0]&0x20 == 0 && kind != "PLTE": // a critical chunk that nobody knows
			return p, nil, false
		}
	}
	return p, nil, false
}

func header(data []byte) (p picture, ok bool) {
	if len(data) != 13 || data[8] != 8 || data[9] != 2 && data[9] != 6 || data[10] != 0 || data[11] != 0 || data[12] != 0 {
		return p, false
	}
	width, height := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
	if width > 1<<15 || height > 1<<15 {
		return p, false
	}
	return picture{int(width), int(height), map[byte]int{2: 3, 6: 4}[data[9]]}, true
}

// unpack gives the pixels, unfiltered (PNG, 9 and 10).
func (p picture) unpack(packed []byte) ([]byte, bool) {
	line := p.width * p.wide
	from := bytes.NewReader(packed)
	z, err := zlib.NewReader(from)
	if err != nil {
		return nil, false
	}
	all := make([]byte, p.height*(1+line))
	if _, err := io.ReadFull(z, all); err != nil {
		return nil, false
	}
	if n, err := z.Read(make([]byte, 1)); n != 0 || err != io.EOF || from.Len() > 0 { // the checksum is right, and nothing follows
		return nil, false
	}
	out := make([]byte, 0, p.height*line)
	above := make([]byte, line)
	for y := range p.height {
		row := all[y*(1+line) : (y+1)*(1+line)]
		filter, now := row[0], row[1:]
		if filter > 4 {
			return nil, false
		}
		for i := range now {
			var left, corner byte
			if i >= p.wide {
				left, corner = now[i-p.wide], above[i-p.wide]
			}
			switch filter {
			case 1:
				now[i] += left
			case 2:
				now[i] += above[i]
			case 3:
				now[i] += byte((int(left) + int(above[i])) / 2)
			case 4:
				now[i] += paeth(int(left), int(above[i]), int(corner))
			}
		}
		out, above = append(out, now...), now
	}
	return out, true
}

func paeth(a, b, c int) byte {
	pa, pb, pc := abs(b-c), abs(a-c), abs(a+b-2*c)
	switch {
	case pa <= pb && pa <= pc:
		return byte(a)
	case pb <= pc:
		return byte(b)
	}
	return byte(c)
}

func abs(n int) int { return max(n, -n) }

// write makes a file of the header and the packed pixels alone.
func (p picture) write(packed []byte) []byte {
	kind := map[int]byte{3: 2, 4: 6}[p.wide]
	head := binary.BigEndian.AppendUint32(nil, uint32(p.width))
	head = append(binary.BigEndian.AppendUint32(head, uint32(p.height)), 8, kind, 0, 0, 0)
	out := []byte(pngHead)
	for _, c := range []struct {
		kind string
		data []byte
	}{{"IHDR", head}, {"IDAT", packed}, {"IEND", nil}} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(c.data)))
		at := len(out)
		out = append(append(out, c.kind...), c.data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[at:]))
	}
	return out
}

// seen is the least contrast of a logo with the page (WCAG 2.2, 1.4.11).
const seen = 3

// plate is the kind of pages on which most of what is not see-through would hardly
// be seen. One that is nowhere see-through has a ground of its own.
func (p picture) plate(pixels []byte) Theme {
	if p.wide == 3 {
		return ""
	}
	var shown, through int
	hidden := map[Theme]int{}
	for i := 0; i < len(pixels); i += 4 {
		if pixels[i+3] < 128 {
			through++
			continue
		}
		shown++
		c := Colour{pixels[i], pixels[i+1], pixels[i+2]}
		for _, t := range []Theme{Light, Dark} {
			if Contrast(c, surfaces[t][1]) < seen {
				hidden[t]++
			}
		}
	}
	if through*20 < shown { // less than a twentieth: rounded corners
		return ""
	}
	for _, t := range []Theme{Dark, Light} {
		if hidden[t]*2 > shown && hidden[t] > hidden[other(t)] {
			return t
		}
	}
	return ""
}

func other(t Theme) Theme {
	if t == Dark {
		return Light
	}
	return Dark
}
