package message

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// leaf is a part that is no multipart, while it is read.
type leaf struct {
	kind, charset string
	name, id      string
	text          bool // it is shown, and no file
	inline        bool
	alt           int

	decode *transfer
	most   int // octets that are kept; 0: all
	cut    bool
	chunks [][]byte
	size   int64
}

const chunkSize = 64 << 10

func newLeaf(p *parser, h header, kind string, params map[string]string, alt int) *leaf {
	how, about := mediaType(h.get("Content-Disposition"))
	f := &leaf{kind: kind, charset: params["charset"], alt: alt, inline: how == "inline"}
	name := about["filename"]
	if name == "" {
		name = params["name"]
	}
	f.name = fileName(name)
	f.id = first(ids(h.get("Content-Id")))
	f.text = (kind == "text/plain" || kind == "text/html") && how != "attachment" && f.name == ""
	if f.text {
		f.most = p.limits.Text
	}
	f.decode = &transfer{keep: f.keep}
	switch how := strings.ToLower(strings.TrimSpace(h.get("Content-Transfer-Encoding"))); how {
	case "base64", "quoted-printable":
		f.decode.how = how
	case "", "7bit", "8bit", "binary":
	default:
		f.decode.broken = true
	}
	return f
}

// take takes octets as they come.
func (f *leaf) take(line []byte) { f.decode.take(line) }

// keep adds decoded octets.
func (f *leaf) keep(b []byte) {
	if f.most > 0 && f.size+int64(len(b)) > int64(f.most) {
		f.cut = true
		b = b[:int64(f.most)-f.size]
	}
	f.size += int64(len(b))
	for len(b) > 0 {
		n := len(f.chunks)
		if n == 0 || len(f.chunks[n-1]) == cap(f.chunks[n-1]) {
			size := chunkSize
			if n == 0 {
				size = 4 << 10 // most parts are small
			}
			f.chunks = append(f.chunks, make([]byte, 0, size))
			n++
		}
		last := f.chunks[n-1]
		more := min(len(b), cap(last)-len(last))
		f.chunks[n-1] = append(last, b[:more]...)
		b = b[more:]
	}
}

func (f *leaf) join() []byte { return bytes.Join(f.chunks, nil) }

// transfer undoes a transfer encoding (RFC 2045, 6), line by line. The end of the
// last line is the boundary's, not the part's.
type transfer struct {
	how    string
	keep   func([]byte)
	broken bool

	held []byte // of base64, less than a group; else the end of the line before
	done bool   // of base64: padding has come
	buf  []byte
}

func (t *transfer) take(line []byte) {
	switch t.how {
	case "base64":
		t.base64(line)
	case "quoted-printable":
		t.flush()
		t.quoted(line)
	default:
		t.flush()
		t.plain(line)
	}
}

func (t *transfer) flush() {
	if len(t.held) > 0 {
		t.keep(t.held)
		t.held = t.held[:0]
	}
}

// plain keeps a line, and holds its end back.
func (t *transfer) plain(line []byte) {
	body := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	t.keep(body)
	t.held = append(t.held[:0], line[len(body):]...)
}

const hexadecimal = "0123456789ABCDEF"

func (t *transfer) quoted(line []byte) {
	body := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	end := line[len(body):]
	if len(end) > 0 {
		body = bytes.TrimRight(body, " \t") // added on the way (RFC 2045, 6.7)
	}
	t.buf = t.buf[:0]
	for i := 0; i < len(body); i++ {
		c := body[i]
		if c != '=' {
			t.buf = append(t.buf, c)
			continue
		}
		if i == len(body)-1 { // a soft break
			end = nil
			break
		}
		if i+2 < len(body) {
			high, low := strings.IndexByte(hexadecimal, upper(body[i+1])), strings.IndexByte(hexadecimal, upper(body[i+2]))
			if high >= 0 && low >= 0 {
				t.buf = append(t.buf, byte(high<<4|low))
				i += 2
				continue
			}
		}
		t.broken = true
		t.buf = append(t.buf, c) // as it stands
	}
	t.keep(t.buf)
	t.held = append(t.held[:0], end...)
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 32
	}
	return c
}

// base64 keeps whole groups; what is no letter of the alphabet is passed over.
func (t *transfer) base64(line []byte) {
	for _, c := range line {
		switch {
		case 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/':
			if t.done { // another text begins after padding
				t.group()
				t.done = false
			}
			t.held = append(t.held, c)
		case c == '=':
			t.done = true
		case c > ' ':
			t.broken = true
		}
	}
	whole := len(t.held) / 4 * 4
	t.decodeRaw(t.held[:whole])
	t.held = append(t.held[:0], t.held[whole:]...)
}

// group ends a text whose last group is not whole.
func (t *transfer) group() {
	if len(t.held)%4 == 1 {
		t.broken = true
		t.held = t.held[:len(t.held)-1]
	}
	t.decodeRaw(t.held)
	t.held = t.held[:0]
}

func (t *transfer) decodeRaw(b []byte) {
	if len(b) == 0 {
		return
	}
	if need := base64.RawStdEncoding.DecodedLen(len(b)); cap(t.buf) < need {
		t.buf = make([]byte, need)
	}
	n, err := base64.RawStdEncoding.Decode(t.buf[:cap(t.buf)], b)
	if err != nil {
		t.broken = true
	}
	t.keep(t.buf[:n])
}

func (t *transfer) end() {
	if t.how == "base64" {
		t.group()
	}
}
