package wire

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Methods that this program knows.
const (
	Invite    = "INVITE"
	Ack       = "ACK"
	Bye       = "BYE"
	Cancel    = "CANCEL"
	Options   = "OPTIONS"
	Register  = "REGISTER"
	Prack     = "PRACK"
	Update    = "UPDATE"
	Refer     = "REFER"
	Notify    = "NOTIFY"
	Subscribe = "SUBSCRIBE"
	Info      = "INFO"
)

// Transports, as a Via names them.
const (
	UDP = "UDP"
	TCP = "TCP"
	TLS = "TLS"
)

// Version is the only protocol version there is.
const Version = "SIP/2.0"

// Header is a header field that Message has no place of its own for. Name is in
// its long form and usual spelling.
type Header struct{ Name, Value string }

// CSeq orders the requests of a dialog (RFC 3261 §20.16).
type CSeq struct {
	Number uint32
	Method string
}

// Message is one request or response.
type Message struct {
	// Method is that of a request, as written (methods know upper and lower
	// case); a response has none.
	Method string
	// URI is the request's.
	URI URI
	// Code is a response's status; 0 for a request.
	Code   int
	Reason string

	// Via holds the values as they were written, the topmost first, and Top the
	// topmost, taken apart.
	Via    []string
	Top    Via
	From   Address
	To     Address
	CallID string
	CSeq   CSeq
	// MaxForwards is -1 where the field is missing.
	MaxForwards int
	Contact     []Address
	// AnyContact says that the Contact is "*" (RFC 3261 §10.2.2).
	AnyContact  bool
	Route       []string
	RecordRoute []string
	// Headers are all others, in order.
	Headers []Header

	ContentType string
	Body        []byte

	cseq string // as written, for the answer to one that cannot be read
}

// IsRequest says whether it is one.
func (m *Message) IsRequest() bool { return m.Code == 0 }

// Get is the value of the first field of that name, or "". The name is in its
// usual spelling, such as "Session-Expires".
func (m *Message) Get(name string) string {
	for i := range m.Headers {
		if m.Headers[i].Name == name {
			return m.Headers[i].Value
		}
	}
	return ""
}

// Has says whether there is a field of that name.
func (m *Message) Has(name string) bool {
	return slices.ContainsFunc(m.Headers, func(h Header) bool { return h.Name == name })
}

// All gives the values of all fields of that name.
func (m *Message) All(name string) []string {
	var all []string
	for i := range m.Headers {
		if m.Headers[i].Name == name {
			all = append(all, m.Headers[i].Value)
		}
	}
	return all
}

// Tokens gives the comma-separated words of all fields of that name, in lower
// case: the option tags of Supported and Require, the methods of Allow.
func (m *Message) Tokens(name string) []string {
	var words []string
	for i := range m.Headers {
		if m.Headers[i].Name != name {
			continue
		}
		for w := range strings.SplitSeq(m.Headers[i].Value, ",") {
			if w = strings.ToLower(strings.TrimSpace(w)); w != "" {
				words = append(words, w)
			}
		}
	}
	return words
}

// Lists says whether word, in lower case, is among the Tokens of name.
func (m *Message) Lists(name, word string) bool {
	for i := range m.Headers {
		if m.Headers[i].Name != name {
			continue
		}
		for w := range strings.SplitSeq(m.Headers[i].Value, ",") {
			if strings.EqualFold(strings.TrimSpace(w), word) {
				return true
			}
		}
	}
	return false
}

// Add appends a field. A value that would end the line is not written: whoever
// builds messages from what others said cannot smuggle in a field.
func (m *Message) Add(name, value string) {
	m.Headers = append(m.Headers, Header{name, clean(value)})
}

// Set puts the value in place of all fields of that name.
func (m *Message) Set(name, value string) {
	m.Headers = slices.DeleteFunc(m.Headers, func(h Header) bool { return h.Name == name })
	m.Add(name, value)
}

func clean(value string) string {
	if !strings.ContainsAny(value, "\r\n\x00") {
		return value
	}
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return ' '
		}
		return r
	}, value)
}

// Answer makes the response that RFC 3261 §8.2.6 asks for: the request's Via,
// From, To, Call-ID and CSeq, and its Record-Route where the response makes a
// dialog. toTag is put into the To where that has none; a 100 gets no tag.
func (m *Message) Answer(code int, toTag string) *Message {
	r := &Message{
		Code: code, Reason: Phrase(code), MaxForwards: -1,
		Via: m.Via, Top: m.Top, From: m.From, To: m.To, CallID: m.CallID, CSeq: m.CSeq, cseq: m.cseq,
	}
	if toTag != "" && code != 100 && m.To.Tag() == "" && !m.To.Empty() {
		r.To = m.To.WithTag(toTag)
	}
	if code == 100 {
		if t := m.Get("Timestamp"); t != "" {
			r.Add("Timestamp", t)
		}
	}
	if m.Method == Invite && code > 100 && code < 300 {
		r.RecordRoute = m.RecordRoute
	}
	return r
}

// Format shows the method or the code and nothing else, whatever the verb.
func (m *Message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// String is the method or the code.
func (m *Message) String() string {
	if m == nil {
		return "no message"
	}
	if m.IsRequest() {
		if known(m.Method) {
			return m.Method
		}
		return "unknown method"
	}
	return fmt.Sprintf("%d to %s", m.Code, (&Message{Method: m.CSeq.Method}).String())
}

func known(method string) bool {
	switch method {
	case Invite, Ack, Bye, Cancel, Options, Register, Prack, Update, Refer, Notify, Subscribe, Info:
		return true
	}
	return false
}

// phrases are the reason phrases of RFC 3261 §21 and of the extensions that
// this program speaks.
var phrases = map[int]string{
	100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress", 199: "Early Dialog Terminated",
	200: "OK", 202: "Accepted",
	300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily", 305: "Use Proxy", 380: "Alternative Service",
	400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
	406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone", 412: "Conditional Request Failed",
	413: "Request Entity Too Large", 414: "Request-URI Too Long", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme",
	420: "Bad Extension", 421: "Extension Required", 422: "Session Interval Too Small", 423: "Interval Too Brief",
	480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops",
	484: "Address Incomplete", 485: "Ambiguous", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
	489: "Bad Event", 491: "Request Pending", 493: "Undecipherable",
	500: "Server Internal Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Server Time-out",
	505: "Version Not Supported", 513: "Message Too Large", 580: "Precondition Failure",
	600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}

// Phrase is the usual reason phrase of a status code.
func Phrase(code int) string {
	if p, ok := phrases[code]; ok {
		return p
	}
	switch code / 100 {
	case 1:
		return "Progress"
	case 2:
		return "OK"
	case 3:
		return "Redirected"
	case 5:
		return "Server Failure"
	case 6:
		return "Global Failure"
	}
	return "Request Failure"
}
