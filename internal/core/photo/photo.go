package photo

import (
	"bytes"

	"nubitalk/internal/base/errs"
)

// What a photo may be.
const (
	MaxBytes = 64 << 10
	Least    = 64 // pixels of a side
	Most     = 256
)

// Markers of JPEG (T.81, table B.1).
const (
	sof0 = 0xc0 // baseline
	sof2 = 0xc2 // progressive
	dht  = 0xc4
	soi  = 0xd8
	eoi  = 0xd9
	sos  = 0xda
	dqt  = 0xdb
	dri  = 0xdd
)

// Bare is a picture without all that its pixels do not need: places, times, names of
// cameras and programs, thumbnails, and what stands behind its end. What is no small
// square picture is Invalid.
func Bare(file []byte) ([]byte, error) {
	if len(file) > MaxBytes {
		return nil, errs.Bad("body", "The photo may have %d kB.", MaxBytes>>10)
	}
	if !bytes.HasPrefix(file, []byte{0xff, soi, 0xff}) {
		return nil, errs.Bad("body", "This is not a picture as JPEG.")
	}
	out := make([]byte, 2, len(file))
	out[0], out[1] = 0xff, soi
	framed, scanned := false, false
	for rest := file[2:]; ; {
		segment, after, ok := next(rest)
		if !ok {
			return nil, damaged()
		}
		kind := segment[1]
		switch kind {
		case sof0, sof0 + 1, sof2:
			if framed || !frame(segment) {
				return nil, damaged()
			}
			if high, wide := sides(segment); high != wide || wide < Least || wide > Most {
				return nil, errs.Bad("body", "The photo must be a square with sides of %d to %d pixels.", Least, Most)
			}
			framed = true
			out = append(out, segment...)
		case dht, dqt, dri:
			out = append(out, segment...)
		case sos:
			if !framed {
				return nil, damaged()
			}
			n := scan(after)
			out = append(append(out, segment...), after[:n]...)
			after, scanned = after[n:], true
		case eoi:
			if !scanned {
				return nil, damaged()
			}
			return append(out, 0xff, eoi), nil
		default: // applications' parts and comments are left out; the rest no browser writes
			if kind != 0xfe && kind&0xf0 != 0xe0 {
				return nil, damaged()
			}
		}
		rest = after
	}
}

// next is the segment that data begins with: its marker, length and values (B.1.1.4).
func next(data []byte) (segment, after []byte, ok bool) {
	for len(data) > 2 && data[0] == 0xff && data[1] == 0xff { // fill bytes
		data = data[1:]
	}
	if len(data) < 2 || data[0] != 0xff {
		return nil, nil, false
	}
	if data[1] == eoi {
		return data[:2], data[2:], true
	}
	if len(data) < 4 {
		return nil, nil, false
	}
	n := 2 + int(data[2])<<8 + int(data[3])
	if n < 4 || n > len(data) {
		return nil, nil, false
	}
	return data[:n], data[n:], true
}

// frame says whether a frame header is one of eight bits in one or three colours (B.2.2).
func frame(segment []byte) bool {
	return len(segment) >= 10 && segment[4] == 8 && (segment[9] == 1 || segment[9] == 3) && len(segment) == 10+3*int(segment[9])
}

func sides(frame []byte) (high, wide int) {
	return int(frame[5])<<8 + int(frame[6]), int(frame[7])<<8 + int(frame[8])
}

// scan is how long the coded pixels are: to the next marker that is neither a stuffed
// byte nor a restart (B.1.1.5).
func scan(data []byte) int {
	for i := 0; i+1 < len(data); i++ {
		if data[i] == 0xff && data[i+1] != 0 && data[i+1]&0xf8 != 0xd0 {
			return i
		}
	}
	return len(data)
}

func damaged() error { return errs.Bad("body", "This picture is damaged.") }
