package photo_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/photo"
)

// face is a picture of one colour.
func face(width, height int) []byte {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range picture.Pix {
		picture.Pix[i] = byte(60 * (i%4 + 1))
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// with puts a part behind the start of a file.
func with(file []byte, marker byte, words string) []byte {
	n := len(words) + 2
	return append(append([]byte{0xff, 0xd8, 0xff, marker, byte(n >> 8), byte(n)}, words...), file[2:]...)
}

// Of a file stays what its pixels need, and the pixels are the same.
func TestBare(t *testing.T) {
	plain := face(128, 128)
	file := with(with(plain, 0xfe, "a comment: taken at home"), 0xe1, "Exif\x00\x00 41.15 N 8.61 W")
	out, err := photo.Bare(append(file, "PK\x03\x04 a file behind the picture"...))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"home", "Exif", "PK", "JFIF"} {
		if bytes.Contains(out, []byte(word)) {
			t.Errorf("%s is left", word)
		}
	}
	was, err := jpeg.Decode(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	is, err := jpeg.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if is.Bounds() != was.Bounds() || color.RGBAModel.Convert(is.At(5, 70)) != color.RGBAModel.Convert(was.At(5, 70)) {
		t.Errorf("%v became %v", was.At(5, 70), is.At(5, 70))
	}
	if again, err := photo.Bare(out); err != nil || !bytes.Equal(again, out) {
		t.Errorf("what is bare does not stay as it is: %v", err)
	}
}

func TestWhatIsNoPhoto(t *testing.T) {
	good := face(128, 128)
	for name, file := range map[string][]byte{
		"nothing": nil, "words": []byte("<svg onload=alert(1)>"), "a PNG": []byte("\x89PNG\r\n\x1a\n0000IHDR"), "a start alone": {0xff, 0xd8, 0xff},
		"half": good[:len(good)/2], "no end": good[:len(good)-2], "no pixels": {0xff, 0xd8, 0xff, 0xd9}, "no square": face(128, 64), "too small": face(32, 32), "too large": face(512, 512),
		"too much": append(bytes.Clone(good), make([]byte, photo.MaxBytes)...), "two frames": twice(good), "a part past the end": {0xff, 0xd8, 0xff, 0xe0, 0xff, 0xff}, "a part of no length": {0xff, 0xd8, 0xff, 0xe0, 0, 1},
		"arithmetic coding": bytes.Replace(good, []byte{0xff, 0xc0}, []byte{0xff, 0xc9}, 1), "twelve bits": bytes.Replace(good, []byte{0xff, 0xc0, 0, 17, 8}, []byte{0xff, 0xc0, 0, 17, 12}, 1),
	} {
		if _, err := photo.Bare(file); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// twice has its frame header twice.
func twice(file []byte) []byte {
	at := bytes.Index(file, []byte{0xff, 0xc0})
	return append(append(bytes.Clone(file[:at+19]), file[at:at+19]...), file[at+19:]...)
}

// Whatever is accepted is a small square to another reader, too, and stays as it is.
func FuzzBare(f *testing.F) {
	f.Add(face(64, 64))
	f.Add(with(face(128, 128), 0xfe, "words"))
	f.Fuzz(func(t *testing.T, file []byte) {
		out, err := photo.Bare(file)
		if err != nil {
			return
		}
		if again, err := photo.Bare(out); err != nil || !bytes.Equal(again, out) {
			t.Fatalf("not the same again: %v", err)
		}
		if len(out) > len(file) {
			t.Fatalf("%d bytes became %d", len(file), len(out))
		}
		head, err := jpeg.DecodeConfig(bytes.NewReader(out))
		if err == nil && (head.Width != head.Height || head.Width < photo.Least || head.Width > photo.Most) {
			t.Fatalf("%d × %d", head.Width, head.Height)
		}
	})
}
