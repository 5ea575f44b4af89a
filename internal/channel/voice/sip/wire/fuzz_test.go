package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"nubitalk/internal/channel/voice/sip/wire"
)

// FuzzParse holds what must be true of whatever arrives: what is taken can be
// written and read again as the same, what is refused can be answered, and an
// answer is a message.
func FuzzParse(f *testing.F) {
	for _, c := range cases(f) {
		f.Add(c.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, fault := wire.Parse(data)
		if m == nil {
			if fault == nil || fault.Code != 0 {
				t.Fatal("neither a message nor a reason to drop it")
			}
			return
		}
		if fault == nil && m.IsRequest() {
			fault = all.Judge(m)
		}
		if fault != nil {
			if !m.IsRequest() || m.Method == wire.Ack {
				t.Fatal("a response or ACK is answered")
			}
			r := m.Answer(fault.Code, "tag")
			if r.Code != fault.Code || bytes.Count(r.Append(nil), []byte("\r\n\r\n")) < 1 {
				t.Fatal("no answer")
			}
			return
		}
		text := m.Append(nil)
		again, fault := wire.Parse(text)
		if fault != nil {
			t.Fatalf("written anew it is refused: %v", fault)
		}
		if again.CSeq != m.CSeq || again.CallID != m.CallID || again.From.Tag() != m.From.Tag() || again.Top.Branch() != m.Top.Branch() ||
			len(again.Via) != len(m.Via) || len(again.Contact) != len(m.Contact) || !bytes.Equal(again.Body, m.Body) {
			t.Fatal("written anew it is another")
		}
		if m.IsRequest() {
			if r, fault := wire.Parse(m.Answer(200, "tag").Append(nil)); fault != nil || r.To.Tag() == "" {
				t.Fatalf("the answer cannot be read: %v", fault)
			}
		}
	})
}

// FuzzFrame holds the cutting of streams: frames lie within what was read, and
// how the bytes were delivered changes nothing.
func FuzzFrame(f *testing.F) {
	for _, c := range cases(f) {
		f.Add(c.Data, uint16(7))
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16) {
		start, end, err := wire.Frame(data)
		if err != nil {
			return
		}
		if start < 0 || end <= start || end > len(data) {
			t.Fatalf("frame %d..%d of %d", start, end, len(data))
		}
		// The same bytes, fewer of them: not whole, or the same frame.
		cut := int(at) % (len(data) + 1)
		s, e, err := wire.Frame(data[:cut])
		switch {
		case cut >= end && (err != nil || s != start || e != end):
			t.Fatalf("with %d bytes: %d..%d, %v", cut, s, e, err)
		case cut < end && !errors.Is(err, wire.ErrPart):
			t.Fatalf("with %d of %d bytes: %v", cut, end, err)
		}
	})
}

// FuzzAddress holds that an address that is taken is taken again, and that its
// URI can be used.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		`"A" <sip:a@b>;tag=1`, "sip:a@b;tag=1", "<tel:+1;ext=2>", `"\"" <sips:[::1]:5061;lr>`, "A B <sip:a:pw@b:1;x=y?h=v>;q=0.3", "*",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := wire.ParseAddress(s)
		if err != nil {
			return
		}
		again, err := wire.ParseAddress(a.WithTag("t").Text())
		if err != nil {
			t.Fatalf("with a tag: %v", err)
		}
		if again.URI.Text() != a.URI.Text() || again.URI.Host != a.URI.Host {
			t.Fatal("with a tag it is another")
		}
		if u, err := wire.ParseURI(a.URI.Text()); err != nil || u.Host != a.URI.Host || u.Port != a.URI.Port {
			t.Fatalf("its URI: %v", err)
		}
	})
}
