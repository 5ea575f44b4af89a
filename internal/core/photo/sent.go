package photo

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"

	"nubitalk/internal/base/errs"
)

// Sent is a picture that somebody sends, without what it says beside its pixels: where
// and when it was made and by which device, who made it, what it was made of (EXIF, XMP,
// IPTC, comments, C2PA), smaller pictures of it, and what stands behind its end. The
// pixels, their colours, and which side is up stay as they are. kind is the media type;
// files that are no pictures, or of another kind, stay as they came. A picture whose
// parts cannot be told apart is Invalid: nobody can say what is in it.
func Sent(kind string, file []byte) ([]byte, error) {
	clean := map[string]func([]byte) ([]byte, bool){"image/jpeg": sentJPEG, "image/png": sentPNG, "image/webp": sentWebP, "image/gif": sentGIF}[kind]
	if clean == nil {
		return file, nil
	}
	out, ok := clean(file)
	if !ok {
		return nil, errs.Bad("file", "This picture is damaged.")
	}
	return out, nil
}

// Parts of JPEG that applications put in (T.81, B.2.4.6).
const (
	app0  = 0xe0 // JFIF (T.871)
	app1  = 0xe1 // EXIF, XMP
	app2  = 0xe2 // colours (ICC.1, B.4), further pictures
	app14 = 0xee // how colours are coded (T.872, 6.5.3)
	app15 = 0xef
	com   = 0xfe
	exif  = "Exif\x00\x00"
)

func sentJPEG(file []byte) ([]byte, bool) {
	if !bytes.HasPrefix(file, []byte{0xff, soi, 0xff}) {
		return nil, false
	}
	out := append(make([]byte, 0, len(file)+len(orient)+10), 0xff, soi)
	framed, scanned := false, false
	for rest := file[2:]; ; {
		segment, after, ok := next(rest)
		if !ok {
			return out, scanned && len(rest) == 0 // a camera that was cut off; browsers show it
		}
		switch kind := segment[1]; {
		case kind == eoi:
			return append(out, 0xff, eoi), scanned
		case kind == app0:
			if bytes.HasPrefix(segment[4:], []byte("JFIF\x00")) && len(segment) >= 18 {
				out = append(append(append(out, 0xff, app0, 0, 16), segment[4:16]...), 0, 0) // without its small picture
			}
		case kind == app1:
			if side := upright(segment[4:]); side > 1 && !framed {
				out = append(append(append(out, 0xff, app1, 0, byte(2+len(exif)+len(orient))), exif...), orientation(side)...)
			}
		case kind == app2:
			if bytes.HasPrefix(segment[4:], []byte("ICC_PROFILE\x00")) {
				out = append(out, segment...)
			}
		case kind == app14:
			if bytes.HasPrefix(segment[4:], []byte("Adobe")) {
				out = append(out, segment[:min(len(segment), 16)]...)
				out[len(out)-min(len(segment), 16)+2], out[len(out)-min(len(segment), 16)+3] = 0, byte(min(len(segment), 16)-2)
			}
		case kind > app0 && kind <= app15, kind == com:
		case kind == sos:
			if !framed {
				return nil, false
			}
			n := scan(after)
			out = append(append(out, segment...), after[:n]...)
			after, scanned = after[n:], true
		case kind >= sof0 && kind < 0xe0: // what the pixels need: frames, tables, restarts
			framed = framed || kind&0xf0 == sof0 && kind != dht && kind != 0xc8 && kind != 0xcc
			out = append(out, segment...)
		default:
			return nil, false
		}
		rest = after
	}
}

// orient is EXIF with nothing in it but which side is up (TIFF 6.0, 2; EXIF 2.32, 4.6.4).
const orient = "MM\x00*\x00\x00\x00\x08" + "\x00\x01" + "\x01\x12\x00\x03\x00\x00\x00\x01\x00\x01\x00\x00" + "\x00\x00\x00\x00"

func orientation(side int) []byte {
	out := []byte(orient)
	out[19] = byte(side)
	return out
}

// upright is the orientation that EXIF says, 1 to 8; 0: none.
func upright(data []byte) int {
	data = bytes.TrimPrefix(data, []byte(exif))
	if len(data) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	switch string(data[:4]) {
	case "MM\x00*":
	case "II*\x00":
		order = binary.LittleEndian
	default:
		return 0
	}
	at := uint64(order.Uint32(data[4:]))
	if at+2 > uint64(len(data)) {
		return 0
	}
	entries := data[at+2:]
	for range order.Uint16(data[at:]) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == 0x0112 && order.Uint16(entries[2:]) == 3 && order.Uint32(entries[4:]) == 1 {
			if side := int(order.Uint16(entries[8:])); side >= 1 && side <= 8 {
				return side
			}
			return 0
		}
		entries = entries[12:]
	}
	return 0
}

// Chunks of PNG that the pixels, their colours, their size and their movement need (PNG, third edition, 11).
var pngKept = []string{"IHDR", "PLTE", "IDAT", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP", "mDCV", "cLLI", "bKGD", "pHYs", "acTL", "fcTL", "fdAT"}

func sentPNG(file []byte) ([]byte, bool) {
	const head = "\x89PNG\r\n\x1a\n"
	if !bytes.HasPrefix(file, []byte(head)) {
		return nil, false
	}
	out := append(make([]byte, 0, len(file)+len(orient)+12), head...)
	for rest, drawn := file[len(head):], false; len(rest) >= 12; {
		n := uint64(binary.BigEndian.Uint32(rest)) + 12
		if n > uint64(len(rest)) {
			return nil, false
		}
		chunk, kind := rest[:n], string(rest[4:8])
		rest = rest[n:]
		switch {
		case len(out) == len(head) && kind != "IHDR":
			return nil, false
		case kind == "IEND":
			return append(out, chunk...), drawn && n == 12
		case kind == "eXIf":
			if side := upright(chunk[8 : n-4]); side > 1 {
				out = appendChunk(out, kind, orientation(side))
			}
		case slices.Contains(pngKept, kind):
			drawn = drawn || kind == "IDAT"
			out = append(out, chunk...)
		case kind[0]&0x20 == 0: // the pixels need it, and nobody knows it
			return nil, false
		}
	}
	return nil, false
}

func appendChunk(out []byte, kind string, data []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
	from := len(out)
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[from:]))
}

// Flags of WebP's extended header (RFC 9649, 2.7).
const (
	webpXMP  = 0x04
	webpEXIF = 0x08
)

func sentWebP(file []byte) ([]byte, bool) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WEBP" {
		return nil, false
	}
	size := uint64(binary.LittleEndian.Uint32(file[4:])) + 8
	if size < 12 || size > uint64(len(file)) {
		return nil, false
	}
	out := append(make([]byte, 0, size), file[:12]...)
	side, extended, drawn := 0, -1, false
	ok := eachChunk(file[12:size], func(kind string, chunk []byte) bool {
		switch kind {
		case "VP8X":
			if len(chunk) != 18 || len(out) != 12 {
				return false
			}
			extended = len(out) + 8
			out = append(out, chunk...)
			out[extended] &^= webpXMP | webpEXIF
		case "EXIF":
			side = max(side, upright(chunk[8:]))
		case "VP8 ", "VP8L", "ALPH", "ICCP", "ANIM":
			drawn = drawn || kind[0] == 'V'
			out = append(out, chunk...)
		case "ANMF":
			if len(chunk) < 24 {
				return false
			}
			drawn = true
			from := len(out)
			out = append(out, chunk[:24]...)
			if !eachChunk(chunk[24:], func(kind string, chunk []byte) bool {
				if kind == "VP8 " || kind == "VP8L" || kind == "ALPH" {
					out = append(out, chunk...)
				}
				return true
			}) {
				return false
			}
			binary.LittleEndian.PutUint32(out[from+4:], uint32(len(out)-from-8))
		}
		return true
	})
	if !ok || !drawn {
		return nil, false
	}
	if side > 1 && extended > 0 {
		out[extended] |= webpEXIF
		out = append(binary.LittleEndian.AppendUint32(append(out, "EXIF"...), uint32(len(orient))), orientation(side)...)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out, true
}

// eachChunk gives each part of RIFF with its head and what fills it to an even length.
func eachChunk(data []byte, take func(kind string, chunk []byte) bool) bool {
	for len(data) > 0 {
		if len(data) < 8 {
			return false
		}
		n := 8 + uint64(binary.LittleEndian.Uint32(data[4:]))
		n += n & 1
		if n > uint64(len(data)) || !take(string(data[:4]), data[:n]) {
			return false
		}
		data = data[n:]
	}
	return true
}

// sentGIF keeps pictures, what they do, and how often they move (GIF89a).
func sentGIF(file []byte) ([]byte, bool) {
	if len(file) < 13 || string(file[:6]) != "GIF89a" && string(file[:6]) != "GIF87a" {
		return nil, false
	}
	n := 13 + table(file[10])
	if n > len(file) {
		return nil, false
	}
	out := append(make([]byte, 0, len(file)), file[:n]...)
	for rest, drawn := file[n:], false; len(rest) > 0; {
		if rest[0] == 0x3b {
			return append(out, 0x3b), drawn
		}
		head, keep := 2, false
		switch {
		case rest[0] == 0x2c && len(rest) >= 11: // a picture
			head, keep, drawn = 10+table(rest[9])+1, true, true
		case rest[0] == 0x21 && len(rest) >= 3:
			keep = rest[1] == 0xf9 || rest[1] == 0xff && len(rest) >= 14 && (string(rest[2:14]) == "\x0bNETSCAPE2.0" || string(rest[2:14]) == "\x0bANIMEXTS1.0")
		default:
			return nil, false
		}
		end := head
		for {
			if end >= len(rest) {
				return nil, false
			}
			size := int(rest[end])
			end += 1 + size
			if size == 0 {
				break
			}
		}
		if keep {
			out = append(out, rest[:end]...)
		}
		rest = rest[end:]
	}
	return nil, false
}

// table is how long a table of colours is that the packed byte announces.
func table(packed byte) int {
	if packed&0x80 == 0 {
		return 0
	}
	return 3 << (packed&7 + 1)
}
