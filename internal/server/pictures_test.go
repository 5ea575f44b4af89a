package server

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"nubitalk/internal/server/config"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
)

// Of what a visitor or an agent sends as a picture nobody gets more than its pixels: not the agent, not the visitor.
func TestPicturesInChatsTellNothing(t *testing.T) {
	engines(t, func(t *testing.T, c *config.Config) {
		n := start(t, c, nil)
		seed := &demo.Seeder{Parts: n.contents()}
		must(t, seed.Put(t.Context(), demo.Organisations()[0]))
		for _, p := range []*party{putToWork(t, n, seed, "acme"), putToWork(t, n, seed, "brio")} {
			where := "41.15 N 8.61 W " + p.canary
			plain, file := pictureOf(t, where)
			own := "/api/v1/interactions/" + p.visitor.Interaction + "/attachments"
			const theirs = "/chat/v1/conversation/attachments"
			visitor := asker{"the visitor", "Authorization", "Bearer " + p.visitor.Token}
			for i, way := range []struct {
				path string
				send func(name string, data []byte, out any) error
			}{
				{theirs, func(name string, data []byte, out any) error {
					return drive.Upload(t.Context(), drive.Client(), p.base+theirs, p.visitor.Token, nil, "v"+name, name, data, out)
				}},
				{own, func(name string, data []byte, out any) error {
					return drive.Upload(t.Context(), drive.Client(), p.base+own, "", p.all.Cookie, "a"+name, name, data, out)
				}},
			} {
				var sent struct {
					Attachment struct {
						ID   string
						Size int
					}
				}
				must(t, way.send("place.png", file, &sent))
				for path, who := range map[string]asker{own: p.session1(), theirs: visitor} {
					status, got := p.ask(who, http.MethodGet, path+"/"+sent.Attachment.ID, nil)
					if status != 200 || len(got) != sent.Attachment.Size || strings.Contains(got, where) || strings.Contains(got, "eXIf") || strings.Contains(got, "Comment") {
						t.Errorf("%d: %s sees %d, %d bytes of %d: %.80q", i, who.name, status, len(got), sent.Attachment.Size, got)
						continue
					}
					seen, err := png.Decode(strings.NewReader(got))
					must(t, err)
					for y := range 20 {
						for x := range 30 {
							if color.NRGBAModel.Convert(seen.At(x, y)) != plain.At(x, y) {
								t.Fatalf("%v at %d, %d became %v", plain.At(x, y), x, y, seen.At(x, y))
							}
						}
					}
				}
				if err := way.send("broken.png", file[:60], nil); err == nil || !strings.Contains(err.Error(), "422") {
					t.Errorf("a broken picture: %v", err)
				}
			}
		}
	})
}

// pictureOf is a picture that says where it was made, in a comment, in EXIF and behind its end.
func pictureOf(t *testing.T, where string) (image.Image, []byte) {
	t.Helper()
	p := image.NewNRGBA(image.Rect(0, 0, 30, 20))
	for i := range p.Pix {
		p.Pix[i] = byte(i*5 + i/7)
	}
	for i := 3; i < len(p.Pix); i += 4 {
		p.Pix[i] = 255
	}
	var out bytes.Buffer
	must(t, png.Encode(&out, p))
	part := func(kind, data string) []byte {
		b := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), kind+data...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	file := append(bytes.Clone(out.Bytes()[:33]), part("tEXt", "Comment\x00"+where)...)
	file = append(append(file, part("eXIf", "II*\x00\x08\x00\x00\x00\x00\x00"+where)...), out.Bytes()[33:]...)
	return p, append(file, where...)
}
