package wire

import "strings"

// Abilities are what the program can do with a request.
type Abilities struct {
	// Methods are those that are answered.
	Methods []string
	// Extensions are the option tags that a request may require, in lower case.
	Extensions []string
	// Bodies are the media types that a request may carry, in lower case.
	Bodies []string
}

// Judge says why a well-formed request cannot be processed, in the order of
// RFC 3261 §8.2, or nil. ACK and CANCEL are never refused for their extensions
// (§8.2.2.3), because there is no way to.
func (a *Abilities) Judge(m *Message) *Fault {
	if !m.IsRequest() {
		return nil
	}
	if !contains(a.Methods, m.Method) {
		// §8.2.1 has 405 for a method that is known but not allowed here.
		code := 501
		if known(m.Method) {
			code = 405
		}
		return &Fault{Code: code, Why: Phrase(code), Headers: []Header{{"Allow", strings.Join(a.Methods, ", ")}}}
	}
	if !m.URI.SIP() && m.URI.Scheme != "tel" {
		return &Fault{Code: 416, Why: Phrase(416)} // §8.2.2.1; RFC 4475 §3.3.2-3
	}
	if m.Method == Register && (!m.To.URI.SIP() || !m.URI.SIP()) {
		return bad("the address of record is no SIP address") // §10.3; RFC 4475 §3.3.4
	}
	if m.Method == Ack || m.Method == Cancel {
		return nil
	}
	if m.MaxForwards == 0 && m.Method == Invite {
		// A call is passed on, so that this is the place where loops end
		// (§16.3). Other requests are answered here.
		return &Fault{Code: 483, Why: Phrase(483)}
	}
	var unsupported []string
	for _, tag := range m.Tokens("Require") {
		if !contains(a.Extensions, tag) {
			unsupported = append(unsupported, tag)
		}
	}
	if unsupported != nil {
		return &Fault{Code: 420, Why: Phrase(420), Headers: []Header{{"Unsupported", clean(strings.Join(unsupported, ", "))}}}
	}
	if len(m.Body) > 0 {
		if !contains(a.Bodies, MediaType(m.ContentType)) && !optional(m) {
			return &Fault{Code: 415, Why: Phrase(415), Headers: []Header{{"Accept", strings.Join(a.Bodies, ", ")}}}
		}
		for _, e := range m.Tokens("Content-Encoding") {
			if e != "identity" {
				return &Fault{Code: 415, Why: Phrase(415), Headers: []Header{{"Accept-Encoding", "identity"}}}
			}
		}
	}
	if m.Method == Invite && m.Has("Accept") && !acceptsSDP(m) {
		return &Fault{Code: 406, Why: Phrase(406)} // RFC 4475 §3.3.15
	}
	return nil
}

// optional says whether a body may be ignored (RFC 3261 §20.11).
func optional(m *Message) bool {
	disposition := lower(m.Get("Content-Disposition"))
	return strings.Contains(strings.ReplaceAll(disposition, " ", ""), "handling=optional")
}

func acceptsSDP(m *Message) bool {
	empty := true
	for _, a := range m.Tokens("Accept") {
		empty = false
		switch MediaType(a) {
		case "application/sdp", "application/*", "*/*":
			return true
		}
	}
	return empty
}

// MediaType is the type/subtype of a Content-Type, in lower case and without
// parameters and white space; "" where it has none.
func MediaType(contentType string) string {
	t, _, _ := strings.Cut(contentType, ";")
	kind, sub, ok := strings.Cut(t, "/")
	kind, sub = strings.TrimSpace(kind), strings.TrimSpace(sub)
	if !ok || !isToken(kind) || !isToken(sub) {
		return ""
	}
	return lower(kind) + "/" + lower(sub)
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}
