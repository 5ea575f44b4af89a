package wire

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	sipgo "github.com/emiago/sipgo/sip"

	"nubitalk/internal/base/secret"
)

// Bounds of one message. What is larger is refused, whoever sends it.
const (
	// MaxMessage is the size of a message in bytes, body included.
	MaxMessage = 65535
	// MaxHeaders is how many header fields a message may have, after lists are
	// taken apart.
	MaxHeaders = 200
	// MaxVia is how many hops a request may have taken.
	MaxVia = 70
	// MaxLine is the length of one header field in bytes, unfolded.
	MaxLine = 8192
)

// Fault is why a message is not processed. Its text names a rule, never what
// was read.
type Fault struct {
	// Code is the answer that the sender gets; 0: none, the message is dropped.
	Code int
	// Why is the broken rule, safe for the reason phrase and the log.
	Why string
	// Headers go into the answer.
	Headers []Header
}

func (f *Fault) Error() string { return f.Why }

func bad(why string) *Fault  { return &Fault{Code: 400, Why: why} }
func drop(why string) *Fault { return &Fault{Why: why} }

// headerParser splits header sections. It is told of no header field, so that
// every value comes as it was written.
var headerParser = sipgo.NewParser(sipgo.WithHeadersParsers(map[string]sipgo.HeaderParser{}))

// Parse reads one message. A Fault with a code comes with as much of the
// message as an answer needs; with no code, the message is nil. data is what
// one datagram held, or what Frame cut from a stream; it is not kept.
//
// Only the form is judged here. Whether the program can do what is asked says
// Judge.
func Parse(data []byte) (*Message, *Fault) {
	if len(data) > MaxMessage {
		return nil, drop("message too large")
	}
	data = bytes.TrimLeft(data, "\r\n") // RFC 3261 §7.5
	line, rest, ok := bytes.Cut(data, []byte("\r\n"))
	if !ok || len(line) < len("SIP/2.0 200") || len(line) > MaxLine {
		return nil, drop("no start line")
	}
	m := &Message{MaxForwards: -1}
	fault := m.startLine(string(line))
	if fault != nil && fault.Code == 0 {
		return nil, fault
	}
	used, f := m.headerSection(rest)
	fault = first(fault, f)
	if m.CallID == "" || len(m.Via) == 0 || m.Top.Host == "" || m.CSeq.Method == "" || m.From.Empty() || m.To.Empty() {
		// There is nothing to answer to. RFC 4475 §3.3.1 would answer 400 with
		// what is there; such an answer belongs to no transaction.
		if !m.IsRequest() || len(m.Via) == 0 || m.Top.Host == "" {
			return nil, drop("necessary header fields are missing")
		}
		fault = first(fault, bad("necessary header fields are missing"))
	}
	if f := m.takeBody(rest[used:]); fault == nil {
		fault = f
	}
	if fault == nil {
		fault = m.agrees()
	}
	if fault == nil {
		return m, nil
	}
	if fault.Code == 0 || !m.IsRequest() || m.Method == Ack || m.CSeq.Method == Ack {
		return nil, drop(fault.Why)
	}
	return m, fault
}

func first(a, b *Fault) *Fault {
	if a != nil {
		return a
	}
	return b
}

// startLine reads the request or status line (RFC 3261 §7.1, §7.2).
func (m *Message) startLine(line string) *Fault {
	if len(line) >= 4 && strings.EqualFold(line[:4], "SIP/") {
		version, rest, _ := strings.Cut(line, " ")
		code, reason, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(code)
		if !strings.EqualFold(version, Version) || len(code) != 3 || err != nil || n < 100 || n > 699 {
			return drop("no status line") // RFC 4475 §3.1.2.19
		}
		m.Code, m.Reason = n, reason
		return nil
	}
	method, rest, ok := strings.Cut(line, " ")
	if !ok || !isToken(method) || len(method) > 64 {
		return drop("no request line")
	}
	m.Method = method
	end := strings.LastIndexByte(strings.TrimRight(rest, " \t"), ' ')
	if end < 0 {
		return drop("no request line")
	}
	uri, version := rest[:end], rest[end+1:]
	if len(version) < 4 || !strings.EqualFold(version[:4], "SIP/") {
		return drop("no request line")
	}
	if strings.ContainsAny(version, " \t") || strings.ContainsAny(uri, " \t") {
		return bad("white space in the request line") // RFC 4475 §3.1.2.8-10
	}
	if !strings.EqualFold(version, Version) {
		return &Fault{Code: 505, Why: Phrase(505)} // RFC 4475 §3.1.2.16
	}
	u, err := ParseURI(uri)
	if err != nil {
		return bad("the Request-URI cannot be read")
	}
	m.URI = u
	if u.Headers {
		return bad("the Request-URI has header fields") // RFC 3261 §19.1.1; RFC 4475 §3.1.2.11
	}
	return nil
}

// stand-in is a start line that sipgo takes. The real one is read by startLine,
// because method names know upper and lower case and schemes have dots.
var standIn = []byte("OPTIONS sip:x SIP/2.0\r\n")

func (m *Message) headerSection(rest []byte) (used int, fault *Fault) {
	end := bytes.Index(rest, []byte("\r\n\r\n"))
	if end < 0 {
		return len(rest), bad("the header section does not end")
	}
	section := make([]byte, 0, len(standIn)+end+4)
	section = append(append(section, standIn...), rest[:end+4]...)
	if bytes.HasPrefix(rest, []byte("\r\n")) {
		return 2, bad("necessary header fields are missing")
	}
	parsed, _, err := headerParser.ParseHeaders(section, false)
	if parsed == nil {
		return end + 4, bad("the header section cannot be read")
	}
	if err != nil {
		fault = bad("the header section cannot be read")
	}
	seen := 0
	req, ok := parsed.(*sipgo.Request)
	if !ok {
		return end + 4, bad("the header section cannot be read")
	}
	count := 0
	for _, h := range req.Headers() {
		if f := m.header(h.Name(), h.Value(), &seen); f != nil {
			fault = first(fault, f)
		}
		if count++; count > MaxHeaders {
			return end + 4, first(fault, bad("too many header fields"))
		}
	}
	return end + 4, fault
}

// Fields that a message may have only once (RFC 4475 §3.3.8).
const (
	seenFrom = 1 << iota
	seenTo
	seenCallID
	seenCSeq
	seenMaxForwards
	seenLength
	seenType
)

// lengthField is where a Content-Length waits until the body is taken.
const lengthField = "Content-Length"

func (m *Message) header(name, value string, seen *int) *Fault {
	if !isToken(name) || len(value) > MaxLine {
		return bad("a header field cannot be read")
	}
	if !printable(value) {
		return bad("control characters in a header field")
	}
	name = Canonical(name)
	once := func(bit int) bool {
		again := *seen&bit != 0
		*seen |= bit
		return !again
	}
	var err error
	switch name {
	case "Via":
		err = split(value, func(v string) error {
			if len(m.Via) >= MaxVia {
				return errGrammar
			}
			via, err := ParseVia(v)
			if len(m.Via) == 0 {
				m.Top = via // with a fault, it still says where the answer goes
			}
			if via.version != "2.0" && err == nil {
				err = errGrammar
			}
			m.Via = append(m.Via, v)
			return err
		})
	case "From", "To":
		field, bit := &m.From, seenFrom
		if name == "To" {
			field, bit = &m.To, seenTo
		}
		if !once(bit) {
			return bad("more than one " + name)
		}
		*field, err = ParseAddress(value)
		if err != nil {
			// An answer needs it all the same.
			*field = unread(value)
		}
	case "Call-ID":
		if !once(seenCallID) {
			return bad("more than one Call-ID")
		}
		if value == "" || strings.ContainsAny(value, " \t") {
			err = errGrammar
			break
		}
		m.CallID = value
	case "CSeq":
		if !once(seenCSeq) {
			return bad("more than one CSeq")
		}
		number, method, ok := strings.Cut(strings.ReplaceAll(value, "\t", " "), " ")
		method = strings.TrimSpace(method)
		n, e := strconv.ParseUint(number, 10, 31) // RFC 3261 §8.1.1.5
		if m.CSeq.Method = method; !ok || e != nil || !isToken(method) {
			if !isToken(method) {
				m.CSeq.Method = ""
			}
			err = errGrammar
		}
		m.CSeq.Number, m.cseq = uint32(n), value
	case "Max-Forwards":
		if !once(seenMaxForwards) {
			return bad("more than one Max-Forwards")
		}
		n, e := strconv.ParseUint(value, 10, 32)
		if err = e; e != nil || n > 255 { // RFC 4475 §3.1.2.4
			err = errGrammar
		}
		m.MaxForwards = int(n)
	case "Contact":
		if strings.TrimSpace(value) == "*" {
			m.AnyContact = true
			break
		}
		err = split(value, func(v string) error {
			a, err := ParseAddress(v)
			m.Contact = append(m.Contact, a)
			return err
		})
	case "Route", "Record-Route":
		into := &m.Route
		if name == "Record-Route" {
			into = &m.RecordRoute
		}
		err = split(value, func(v string) error {
			*into = append(*into, v)
			a, err := ParseAddress(v)
			if err == nil && !a.URI.SIP() || len(*into) > MaxVia {
				err = errGrammar
			}
			return err
		})
	case lengthField:
		if !once(seenLength) && m.Get(lengthField) != value {
			return bad("more than one Content-Length") // RFC 4475 §3.3.9
		}
		if _, e := strconv.ParseUint(value, 10, 32); e != nil || value[0] == '+' {
			return bad("the Content-Length is no number") // RFC 4475 §3.1.2.3
		}
		m.Set(lengthField, value)
	case "Content-Type":
		if !once(seenType) {
			return bad("more than one Content-Type")
		}
		m.ContentType = value
	default:
		m.Headers = append(m.Headers, Header{name, value})
	}
	if err != nil {
		return bad("the " + name + " cannot be read")
	}
	return nil
}

// unread keeps the text of a value that cannot be read, for the answer alone.
func unread(value string) Address {
	return Address{text: secret.New(value)}
}

// takeBody cuts the body by Content-Length. What follows it in a datagram is
// nothing (RFC 3261 §18.3; RFC 4475 §3.1.1.8).
func (m *Message) takeBody(rest []byte) *Fault {
	length := len(rest)
	if l := m.Get(lengthField); l != "" {
		n, _ := strconv.Atoi(l)
		for i := range m.Headers {
			if m.Headers[i].Name == lengthField {
				m.Headers = append(m.Headers[:i], m.Headers[i+1:]...)
				break
			}
		}
		if n > len(rest) {
			return bad("the body is shorter than its Content-Length") // RFC 4475 §3.1.2.2
		}
		length = n
	}
	if length > 0 {
		m.Body = bytes.Clone(rest[:length])
	}
	return nil
}

// agrees holds the parts of a message against each other.
func (m *Message) agrees() *Fault {
	if !m.IsRequest() {
		return nil
	}
	if m.CSeq.Method != m.Method {
		return bad("the CSeq names another method") // RFC 4475 §3.1.2.17-18
	}
	if m.AnyContact && (len(m.Contact) > 0 || m.Method != Register) {
		return bad("the Contact is * in the wrong place")
	}
	if len(m.Body) > 0 && m.ContentType == "" {
		return bad("a body without a Content-Type")
	}
	if (m.Method == Invite || m.Method == Update || m.Method == Refer) && len(m.Contact) != 1 {
		// RFC 3261 §8.1.1.8: exactly one. A request of RFC 2543 may have none
		// (RFC 4475 §3.4.1); it is then answered where it came from.
		if len(m.Contact) > 1 {
			return bad("more than one Contact")
		}
	}
	for _, c := range m.Contact {
		if c.URI.Headers && m.Method != Register && m.IsRequest() {
			return bad("the Contact has header fields")
		}
	}
	return nil
}

// printable lets through what RFC 3261 §25.1 has in TEXT-UTF8 and quoted
// strings: control characters only as the second half of a quoted pair.
func printable(s string) bool {
	ascii := true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && s[i+1] < 0x80 && s[i+1] != '\r' && s[i+1] != '\n':
			i++
		case c < ' ' && c != '\t' || c == 0x7f:
			return false
		case c >= 0x80:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s)
}

// compact are the short forms of header names (RFC 3261 §7.3.3 and extensions).
var compact = map[byte]string{
	'a': "Accept-Contact", 'b': "Referred-By", 'c': "Content-Type", 'd': "Request-Disposition", 'e': "Content-Encoding",
	'f': "From", 'i': "Call-ID", 'j': "Reject-Contact", 'k': "Supported", 'l': "Content-Length", 'm': "Contact",
	'o': "Event", 'r': "Refer-To", 's': "Subject", 't': "To", 'u': "Allow-Events", 'v': "Via", 'x': "Session-Expires", 'y': "Identity",
}

// usual are the header names that are looked up, in their usual spelling.
var usual = func() map[string]string {
	m := map[string]string{}
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow", "Allow-Events", "Authentication-Info", "Authorization",
		"Call-ID", "Call-Info", "Contact", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Type",
		"CSeq", "Date", "Diversion", "Error-Info", "Event", "Expires", "From", "History-Info", "Max-Forwards", "Min-Expires", "Min-SE",
		"P-Asserted-Identity", "P-Preferred-Identity", "Path", "Privacy", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Require",
		"RAck", "Reason", "Record-Route", "Refer-Sub", "Refer-To", "Referred-By", "Remote-Party-ID", "Replaces", "Require", "Retry-After",
		"Route", "RSeq", "Server", "Session-Expires", "Subject", "Subscription-State", "Supported", "Timestamp", "To", "Unsupported",
		"User-Agent", "Via", "Warning", "WWW-Authenticate",
	} {
		m[strings.ToLower(name)] = name
	}
	return m
}()

// Canonical gives a header name its long form and usual spelling; a name that
// this program does not look up stays as it was written.
func Canonical(name string) string {
	if len(name) == 1 {
		if long, ok := compact[name[0]|0x20]; ok {
			return long
		}
		return name
	}
	switch name { // what nearly every message has, without a look-up
	case "Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Content-Length", "Content-Type", "Route", "Record-Route":
		return name
	}
	if u, ok := usual[lower(name)]; ok {
		return u
	}
	return name
}

// ErrPart says that a stream has not delivered a whole message yet.
var ErrPart = errors.New("the message is not whole yet")

// Frame finds the first message in what a stream delivered: bytes before start
// are line ends between messages, data[start:end] is the message. ErrPart asks
// for more; any other error means that no later message can be found, so that
// the connection must end (RFC 3261 §18.3).
func Frame(data []byte) (start, end int, err error) {
	for start < len(data) && (data[start] == '\r' || data[start] == '\n') {
		start++
	}
	head := bytes.Index(data[start:], []byte("\r\n\r\n"))
	if head < 0 {
		if len(data)-start > MaxMessage {
			return start, 0, errTooLarge
		}
		return start, 0, ErrPart
	}
	end = start + head + 4
	length, err := contentLength(data[start : start+head+2])
	if err != nil {
		return start, 0, err
	}
	if end-start+length > MaxMessage {
		return start, 0, errTooLarge
	}
	if len(data) < end+length {
		return start, 0, ErrPart
	}
	return start, end + length, nil
}

var (
	errTooLarge = errors.New("message too large")
	errLength   = errors.New("no usable Content-Length in a stream")
)

// contentLength finds the Content-Length in a header section that may be bad in
// any other way. A message without one ends with its header section.
func contentLength(section []byte) (int, error) {
	length, found := 0, false
	for line := range bytes.SplitSeq(section, []byte("\r\n")) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || name[0] == ' ' || name[0] == '\t' {
			continue
		}
		name = bytes.TrimRight(name, " \t")
		if !(len(name) == 1 && name[0]|0x20 == 'l') && !bytes.EqualFold(name, []byte(lengthField)) {
			continue
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 31)
		if err != nil || found && int(n) != length {
			return 0, errLength
		}
		length, found = int(n), true
	}
	return length, nil
}
