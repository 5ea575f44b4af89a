package message

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"strings"
	"unicode/utf8"

	"nubitalk/internal/base/secret"
)

// Read reads a message. Its error is only of reading the octets.
func Read(r io.Reader, l Limits) (*Message, error) {
	p := &parser{limits: l, m: &Message{}}
	p.lines = bufio.NewReaderSize(&bounded{r: r, left: l.Size, p: p}, 32<<10)
	if err := p.run(); err != nil {
		return nil, fmt.Errorf("reading a message: %w", err)
	}
	p.m.fill()
	p.compose()
	return p.m, nil
}

// bounded ends after so many octets and says that there were more.
type bounded struct {
	r    io.Reader
	left int64
	p    *parser
}

func (b *bounded) Read(to []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		n, err := io.ReadFull(b.r, one[:])
		if n > 0 {
			b.p.m.fault(TooLarge)
			return 0, io.EOF
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return 0, err
	}
	n, err := b.r.Read(to[:min(int64(len(to)), b.left)])
	b.left -= int64(n)
	b.p.m.Size += n
	return n, err
}

// parser is one pass over the lines of a message.
type parser struct {
	limits Limits
	m      *Message
	lines  *bufio.Reader
	begun  bool // the next octets go on with a line that was too long for one read

	stack  []level
	leaf   *leaf // nil before the first part and after the last
	leaves int
	full   bool // there are more parts than are kept: nothing more is read
	header int  // octets of headers so far
	body   []shown
	alts   int // multipart/alternative so far
}

// level is a multipart that is open.
type level struct {
	boundary string // with its two hyphens
	alt      int    // the multipart/alternative that it is or lies in; 0: none
	digest   bool
}

// shown is a part that is text.
type shown struct {
	html bool
	alt  int
	text string
}

func (p *parser) run() error {
	if err := p.begin(); err != nil {
		return err
	}
	for !p.full {
		line, start, err := p.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				p.close()
				if len(p.stack) > 0 {
					p.m.fault(NoEnd)
				}
				return nil
			}
			return err
		}
		if start {
			if found, opens := p.boundary(line); found {
				if opens {
					if err := p.begin(); err != nil {
						return err
					}
				}
				continue
			}
		}
		if p.leaf != nil {
			p.leaf.take(line)
		}
	}
	return nil
}

// next is the next octets: a line with its end, or a piece of a very long one. start
// says that they begin a line.
func (p *parser) next() (line []byte, start bool, err error) {
	start = !p.begun
	line, err = p.lines.ReadSlice('\n')
	p.begun = errors.Is(err, bufio.ErrBufferFull)
	if p.begun || errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	return line, start, err
}

// boundary acts on a line that is one; opens says that a part begins after it.
func (p *parser) boundary(line []byte) (found, opens bool) {
	if len(line) < 2 || line[0] != '-' || line[1] != '-' {
		return false, false
	}
	line = bytes.TrimRight(line, " \t\r\n")
	for i := len(p.stack) - 1; i >= 0; i-- {
		rest, ok := bytes.CutPrefix(line, []byte(p.stack[i].boundary))
		if !ok || len(rest) > 0 && string(rest) != "--" {
			continue
		}
		p.close()
		if i < len(p.stack)-1 {
			p.m.fault(NoEnd)
		}
		if len(rest) > 0 {
			p.stack = p.stack[:i]
			return true, false
		}
		p.stack = p.stack[:i+1]
		return true, true
	}
	return false, false
}

// begin reads a header and opens what it is of.
func (p *parser) begin() error {
	var h header
	first := len(p.stack) == 0
	var field []byte // that may be gone on with
	take := func() {
		if len(field) > 0 && !h.take(field) && !(first && len(h) == 0 && bytes.HasPrefix(field, []byte("From "))) { // mbox
			p.m.fault(HeaderLine)
		}
		field = field[:0]
	}
	for {
		line, start, err := p.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		p.header += len(line)
		if !start || p.header > p.limits.Header {
			p.m.fault(HeaderCut)
			if start && len(bytes.TrimRight(line, "\r\n")) == 0 {
				break
			}
			continue
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if found, opens := p.boundary(line); found { // before the header's end
			p.m.fault(HeaderLine)
			if !p.another() || !opens {
				return nil
			}
			h, field = nil, field[:0]
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			take()
			field = append(field, line...)
			continue
		}
		if len(field) == 0 {
			p.m.fault(HeaderLine)
		} else {
			field = append(append(field, ' '), bytes.TrimLeft(line, " \t")...)
		}
	}
	take()
	if first {
		p.m.header = h
	}
	p.open(h)
	return nil
}

// another counts a part; false if it is one too many.
func (p *parser) another() bool {
	if p.leaves++; p.leaves > p.limits.Parts {
		p.m.fault(TooMany)
		p.full = true
	}
	return !p.full
}

func (p *parser) open(h header) {
	kind, params := mediaType(h.get("Content-Type"))
	top := level{}
	if len(p.stack) > 0 {
		top = p.stack[len(p.stack)-1]
	}
	switch {
	case kind == "" && top.digest:
		kind = "message/rfc822" // RFC 2046, 5.1.5
	case kind == "" || !strings.Contains(kind, "/"):
		kind = "text/plain" // RFC 2045, 5.2
	}
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" {
		if len(p.stack) < p.limits.Depth {
			next := level{boundary: "--" + strings.TrimRight(params["boundary"], " "), alt: top.alt, digest: kind == "multipart/digest"}
			if kind == "multipart/alternative" {
				p.alts++
				next.alt = p.alts
			}
			p.stack = append(p.stack, next)
			return
		}
		p.m.fault(TooDeep)
	}
	if p.another() {
		p.leaf = newLeaf(p, h, kind, params, top.alt)
	}
}

// close ends the part that is open.
func (p *parser) close() {
	f := p.leaf
	p.leaf = nil
	if f == nil {
		return
	}
	f.decode.end()
	if f.decode.broken {
		p.m.fault(Encoding)
	}
	switch {
	case f.text:
		if f.cut {
			p.m.fault(TextCut)
		}
		p.body = append(p.body, shown{f.kind == "text/html", f.alt, p.read(f.join(), f.charset)})
	default:
		p.m.Files = append(p.m.Files, File{Name: secret.New(f.name), MediaType: f.kind, ContentID: f.id, Inline: f.inline, Size: f.size, chunks: f.chunks})
		p.report(f)
	}
}

// read is text in a charset.
func (p *parser) read(b []byte, charset string) string {
	e := encoded(charset)
	if e == nil {
		p.m.fault(Charset)
	}
	if (charset == "" || e == nil) && utf8.Valid(b) {
		return plain(string(b))
	}
	if e == nil {
		e = encoded("")
	}
	s, err := e.NewDecoder().Bytes(b)
	if err != nil || bytes.ContainsRune(s, utf8.RuneError) {
		p.m.fault(Charset)
	}
	return plain(string(s))
}

// plain leaves out what no text has: control characters. Lines end as they do here,
// however they ended there.
func plain(s string) string {
	s = ends.Replace(strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

var ends = strings.NewReplacer("\r\r\n", "\n", "\r\n", "\n", "\r", "\n")

// compose puts together what is text: of alternatives one each.
func (p *parser) compose() {
	has := map[int][2]bool{} // by alternative: plain, HTML
	anyHTML := false
	for _, s := range p.body {
		h := has[s.alt]
		if s.html {
			h[1], anyHTML = true, true
		} else {
			h[0] = true
		}
		has[s.alt] = h
	}
	var asText, asHTML strings.Builder
	for _, s := range p.body {
		choice := s.alt != 0
		if !s.html {
			join(&asText, s.text)
			if anyHTML && !(choice && has[s.alt][1]) {
				join(&asHTML, "<pre>"+html.EscapeString(s.text)+"</pre>")
			}
			continue
		}
		join(&asHTML, s.text)
		if !(choice && has[s.alt][0]) {
			join(&asText, TextOf(s.text))
		}
	}
	p.m.Text, p.m.HTML = secret.New(asText.String()), secret.New(asHTML.String())
}

func join(b *strings.Builder, s string) {
	if b.Len() > 0 && s != "" {
		b.WriteString("\n")
	}
	b.WriteString(s)
}
