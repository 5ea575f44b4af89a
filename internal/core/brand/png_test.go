package brand_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/brand"
)

func encoded(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// disc is a logo: a disc of one colour on nothing.
func disc(c color.NRGBA) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, 64, 32))
	for y := range 32 {
		for x := range 64 {
			if (x-32)*(x-32)+(y-16)*(y-16) < 15*15 {
				m.SetNRGBA(x, y, c)
			}
		}
	}
	return m
}

func chunk(kind string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

func same(t *testing.T, a, b []byte) {
	t.Helper()
	x, err := png.Decode(bytes.NewReader(a))
	if err != nil {
		t.Fatal(err)
	}
	y, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if x.Bounds() != y.Bounds() {
		t.Fatalf("%v became %v", x.Bounds(), y.Bounds())
	}
	for py := range x.Bounds().Dy() {
		for px := range x.Bounds().Dx() {
			if x.At(px, py) != y.At(px, py) {
				t.Fatalf("pixel %d,%d: %v became %v", px, py, x.At(px, py), y.At(px, py))
			}
		}
	}
}

func TestALogoKeepsItsPixelsAndNothingElse(t *testing.T) {
	logo := encoded(t, disc(color.NRGBA{200, 30, 30, 255}))
	const end = 12
	said := bytes.Join([][]byte{logo[:33], chunk("tEXt", []byte("Author\x00Ana Almeida")), chunk("eXIf", []byte("GPS 38.7 N")), logo[33 : len(logo)-end], chunk("tIME", make([]byte, 7)), logo[len(logo)-end:]}, nil)
	clean, _, err := brand.CleanPNG(said)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(clean, []byte("Almeida")) || bytes.Contains(clean, []byte("GPS")) || bytes.Contains(clean, []byte("tIME")) {
		t.Error("the logo says more than its pixels")
	}
	same(t, logo, clean)
	if again, _, err := brand.CleanPNG(clean); err != nil || !bytes.Equal(again, clean) {
		t.Errorf("what is clean was changed: %v", err)
	}
}

func TestWhatIsNoLogo(t *testing.T) {
	good := encoded(t, disc(color.NRGBA{200, 30, 30, 255}))
	flip := func(at int) []byte { b := bytes.Clone(good); b[at] ^= 1; return b }
	noise := image.NewNRGBA(image.Rect(0, 0, 400, 160))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix {
		noise.Pix[i] = byte(r.UintN(256))
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "a script": []byte("<svg onload=alert(1)>"), "a head alone": good[:8], "half": good[:len(good)/2], "without its end": good[:len(good)-12],
		"a wrong sum": flip(40), "something behind": append(bytes.Clone(good), "<script>"...), "too large": encoded(t, noise), "too wide": encoded(t, image.NewNRGBA(image.Rect(0, 0, 481, 20))),
		"too high": encoded(t, image.NewNRGBA(image.Rect(0, 0, 20, 161))), "too small": encoded(t, image.NewNRGBA(image.Rect(0, 0, 15, 20))), "grey": encoded(t, image.NewGray(image.Rect(0, 0, 32, 32))),
		"16 bits": encoded(t, image.NewNRGBA64(image.Rect(0, 0, 32, 32))), "an unknown critical chunk": bytes.Join([][]byte{good[:33], chunk("EVIL", []byte("x")), good[33:]}, nil),
		"two headers": bytes.Join([][]byte{good[:33], good[8:]}, nil), "fewer lines than it says": shorter(good), "something behind its pixels": longer(good),
	} {
		if _, _, err := brand.CleanPNG(b); !errs.Is(err, errs.Invalid) || errs.As(err).Fields[0].Path != "logo" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// shorter says that the picture is higher than its pixels are.
func shorter(good []byte) []byte {
	head := bytes.Clone(good[16:29])
	binary.BigEndian.PutUint32(head[4:], 33)
	return bytes.Join([][]byte{good[:8], chunk("IHDR", head), good[33:]}, nil)
}

// longer hides something behind the packed pixels.
func longer(good []byte) []byte {
	return bytes.Join([][]byte{good[:len(good)-12], chunk("IDAT", []byte("<script>")), good[len(good)-12:]}, nil)
}

func TestWhereALogoNeedsAPlate(t *testing.T) {
	opaque := image.NewNRGBA(image.Rect(0, 0, 32, 32))
	for i := range opaque.Pix {
		opaque.Pix[i] = 255
	}
	for _, c := range []struct {
		name string
		m    image.Image
		want brand.Theme
	}{
		{"black on nothing", disc(color.NRGBA{20, 20, 20, 255}), brand.Dark},
		{"white on nothing", disc(color.NRGBA{255, 255, 255, 255}), brand.Light},
		{"red on nothing", disc(color.NRGBA{220, 50, 40, 255}), ""},
		{"white with a ground", opaque, ""},
	} {
		if _, got, err := brand.CleanPNG(encoded(t, c.m)); err != nil || got != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.name, got, c.want, err)
		}
	}
}

// What is taken, others read as the same picture; whatever comes, nothing falls over.
func FuzzCleanPNG(f *testing.F) {
	f.Add(encoded(f, disc(color.NRGBA{1, 2, 3, 255})))
	f.Add(encoded(f, image.NewRGBA(image.Rect(0, 0, 16, 16))))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		clean, _, err := brand.CleanPNG(b)
		if err != nil {
			return
		}
		same(t, clean, clean)
		again, _, err := brand.CleanPNG(clean)
		if err != nil || !bytes.Equal(again, clean) {
			t.Errorf("what is clean was changed: %v", err)
		}
	})
}
