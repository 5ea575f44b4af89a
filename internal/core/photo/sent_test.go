package photo_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/photo"
)

const secretWord = "Rua das Flores"

// place is EXIF with an orientation, a camera and the place of a picture (EXIF 2.32, 4.6).
func place(head string, order binary.AppendByteOrder, side uint16) []byte {
	out := order.AppendUint32([]byte(head), 8)
	out = order.AppendUint16(out, 3)
	entry := func(tag, kind uint16, count uint32, value []byte) {
		out = order.AppendUint32(order.AppendUint16(order.AppendUint16(out, tag), kind), count)
		out = append(out, append(value, 0, 0, 0, 0)[:4]...)
	}
	entry(0x010f, 2, 4, []byte("Cam\x00"))
	entry(0x0112, 3, 1, order.AppendUint16(nil, side))
	entry(0x8825, 4, 1, order.AppendUint32(nil, 50)) // GPS
	out = order.AppendUint32(out, 0)
	out = order.AppendUint16(out, 1)
	entry(0x0001, 2, 2, []byte("N\x00"))
	return append(order.AppendUint32(out, 0), "41.15 N 8.61 W "+secretWord...)
}

// drawn is a picture whose pixels differ.
func drawn() *image.Paletted {
	p := image.NewPaletted(image.Rect(0, 0, 40, 24), color.Palette{color.Black, color.White, color.RGBA{200, 30, 60, 255}, color.RGBA{20, 130, 60, 255}})
	for i := range p.Pix {
		p.Pix[i] = byte(i*7/3) % 4
	}
	return p
}

func encoded(t testing.TB, how func(*bytes.Buffer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := how(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func aPNG(t testing.TB) []byte {
	return encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, drawn()) })
}
func aJPEG(t testing.TB) []byte {
	return encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, drawn(), nil) })
}
func aGIF(t testing.TB) []byte {
	return encoded(t, func(b *bytes.Buffer) error {
		return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{drawn(), drawn()}, Delay: []int{5, 5}, LoopCount: 3})
	})
}

// chunk is a part of a PNG.
func chunk(kind, data string) []byte {
	out := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), kind+data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// riff is a part of a WebP.
func riff(kind string, data []byte) []byte {
	out := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(data))), data...)
	return append(out, make([]byte, len(data)%2)...)
}

func webp(parts ...[]byte) []byte {
	all := append([]byte("WEBP"), bytes.Join(parts, nil)...)
	return riff("RIFF", all)
}

// onePixel is a lossless WebP of one pixel (RFC 9649).
var onePixel, _ = base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")

func laden(t testing.TB, side uint16) map[string][]byte {
	big, little := place("MM\x00*", binary.BigEndian, side), place("II*\x00", binary.LittleEndian, side)
	p, j, g := aPNG(t), aJPEG(t), aGIF(t)
	noisy := with(with(with(with(with(j, 0xfe, "taken in "+secretWord), 0xe1, "http://ns.adobe.com/xap/1.0/\x00"+secretWord), 0xed, "Photoshop 3.0\x00"+secretWord), 0xeb, "JP\x00\x01c2pa "+secretWord),
		0xe1, "Exif\x00\x00"+string(little))
	noisy = with(noisy, 0xe0, "JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x02\x01"+secretWord)
	at := bytes.Index(p, []byte("IDAT")) - 4
	texts := bytes.Join([][]byte{chunk("tEXt", "Comment\x00"+secretWord), chunk("zTXt", "Comment\x00\x00"+secretWord), chunk("iTXt", "XML:com.adobe.xmp\x00"+secretWord), chunk("eXIf", string(big)),
		chunk("caBX", secretWord), chunk("tIME", "\x07\xea\x0b\x1e\x0a\x0a\x0a"), chunk("prVt", secretWord)}, nil)
	ext := func(label byte, words string) []byte {
		out := []byte{0x21, label}
		if label == 0xff {
			out, words = append(append(out, 11), words[:11]...), words[11:]
		}
		return append(append(append(out, byte(len(words))), words...), 0)
	}
	end := len(g) - 1
	pixel := onePixel[12:]
	return map[string][]byte{
		"image/jpeg": append(noisy, secretWord...),
		"image/png":  append(append(append(bytes.Clone(p[:at]), texts...), p[at:]...), secretWord...),
		"image/gif":  append(append(append(bytes.Clone(g[:end]), ext(0xfe, secretWord)...), ext(0xff, "XMP DataXMP"+secretWord)...), 0x3b, 'R'),
		"image/webp": append(webp(riff("VP8X", []byte{0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0}), riff("ICCP", []byte("colours")), pixel, riff("EXIF", big), riff("XMP ", []byte(secretWord)), riff("C2PA", []byte(secretWord))), secretWord...),
	}
}

// Of what a customer's picture says beside its pixels nothing is left, and each pixel is as it was.
func TestSentPicturesTellNothing(t *testing.T) {
	for kind, file := range laden(t, 6) {
		out, err := photo.Sent(kind, file)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		for _, word := range []string{secretWord, "Cam\x00", "41.15", "adobe", "c2pa", "Photoshop", "Comment", "tIME", "XMP", "C2PA", "caBX"} {
			if bytes.Contains(out, []byte(word)) {
				t.Errorf("%s still says %q", kind, word)
			}
		}
		if again, err := photo.Sent(kind, out); err != nil || !bytes.Equal(again, out) {
			t.Errorf("%s does not stay as it is: %v", kind, err)
		}
		turned := bytes.Contains(out, []byte("\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06"))
		if turned != (kind != "image/gif") {
			t.Errorf("%s: which side is up is kept: %v", kind, turned)
		}
		if kind == "image/webp" {
			if !bytes.Contains(out, onePixel[12:]) || !bytes.Contains(out, []byte("colours")) || out[20] != 0x08 || int(binary.LittleEndian.Uint32(out[4:]))+8 != len(out) {
				t.Errorf("the WebP is %q", out)
			}
			continue
		}
		was, _, err1 := image.Decode(bytes.NewReader(file))
		is, _, err2 := image.Decode(bytes.NewReader(out))
		if err1 != nil || err2 != nil || was.Bounds() != is.Bounds() {
			t.Fatal(kind, err1, err2)
		}
		for y := range 24 {
			for x := range 40 {
				if was.At(x, y) != is.At(x, y) {
					t.Fatalf("%s: %v at %d, %d became %v", kind, was.At(x, y), x, y, is.At(x, y))
				}
			}
		}
	}
	g, err := photo.Sent("image/gif", laden(t, 1)["image/gif"])
	if err != nil {
		t.Fatal(err)
	}
	if moving, err := gif.DecodeAll(bytes.NewReader(g)); err != nil || len(moving.Image) != 2 || moving.LoopCount != 3 || moving.Delay[1] != 5 {
		t.Errorf("it does not move any more: %v", err)
	}
}

// What is upright needs no word of it, and what is nothing of ours stays as it came.
func TestSentPicturesThatAreUpright(t *testing.T) {
	for kind, file := range laden(t, 1) {
		if out, err := photo.Sent(kind, file); err != nil || bytes.Contains(out, []byte("\x01\x12\x00\x03")) || bytes.Contains(out, []byte("Exif")) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	plain := aPNG(t)
	if out, err := photo.Sent("image/png", plain); err != nil || !bytes.Equal(out, plain) {
		t.Errorf("a plain PNG changed: %v", err)
	}
	if out, err := photo.Sent("application/pdf", []byte("%PDF")); err != nil || string(out) != "%PDF" {
		t.Errorf("a PDF became %q: %v", out, err)
	}
	cut := aJPEG(t)
	if out, err := photo.Sent("image/jpeg", cut[:len(cut)-2]); err != nil || len(out) == 0 {
		t.Errorf("a JPEG without its end: %v", err)
	}
}

func TestSentPicturesThatAreNone(t *testing.T) {
	j, p, g := aJPEG(t), aPNG(t), aGIF(t)
	for name, c := range map[string]struct {
		kind string
		file []byte
	}{
		"an empty JPEG": {"image/jpeg", nil}, "no pixels": {"image/jpeg", []byte{0xff, 0xd8, 0xff, 0xd9}}, "a part past the end": {"image/jpeg", []byte{0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff}},
		"a JPEG's half": {"image/jpeg", j[:300]}, "a PNG's half": {"image/png", p[:60]}, "a PNG without its end": {"image/png", p[:len(p)-12]}, "a PNG's head": {"image/png", p[:8]},
		"no header": {"image/png", append([]byte("\x89PNG\r\n\x1a\n"), chunk("IDAT", "x")...)}, "a part that nobody knows": {"image/png", append(bytes.Clone(p[:33]), append(chunk("ABCD", "x"), p[33:]...)...)},
		"a GIF's half": {"image/gif", g[:len(g)/2]}, "a GIF without its end": {"image/gif", g[:len(g)-1]}, "an empty WebP": {"image/webp", webp()}, "a WebP of more than there is": {"image/webp", onePixel[:20]},
		"words": {"image/gif", []byte(strings.Repeat("GIF89a", 5))},
	} {
		if _, err := photo.Sent(c.kind, c.file); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever comes, what goes on is no longer by more than the word of which side is up, says the same a second
// time, and has no EXIF but that.
func FuzzSent(f *testing.F) {
	for kind, file := range laden(f, 6) {
		f.Add(kind, file)
	}
	f.Fuzz(func(t *testing.T, kind string, file []byte) {
		before := bytes.Clone(file)
		out, err := photo.Sent(kind, file)
		if !bytes.Equal(file, before) {
			t.Fatal("what came was changed")
		}
		if err != nil {
			return
		}
		if len(out) > len(file)+40 {
			t.Fatalf("%d bytes became %d", len(file), len(out))
		}
		if again, err := photo.Sent(kind, out); err != nil || !bytes.Equal(again, out) {
			t.Fatalf("not the same again: %v", err)
		}
	})
}
