package message

import (
	"bytes"
	"net/textproto"
	"strings"

	"nubitalk/internal/base/secret"
)

// Report says what became of a message that we sent (RFC 3464).
type Report struct {
	Original string // the id of the message that it is about, if it is told
	Envelope string // the envelope's id, if it is told (RFC 3461, 4.4)
	Delivery []Delivery
}

// Delivery is what became of a message for one recipient (RFC 3464, 2.3).
type Delivery struct {
	Action    string // failed, delayed, delivered, relayed, expanded
	Status    string // of RFC 3463, e.g. 5.1.1
	Recipient secret.Text
}

// mostDeliveries is how many recipients are read of one report.
const mostDeliveries = 1000

// Worst is what matters most of a report: a failure, else a delay; false if it tells of
// neither.
func (r *Report) Worst() (Delivery, bool) {
	for _, action := range []string{"failed", "delayed"} {
		for _, d := range r.Delivery {
			if d.Action == action {
				return d, true
			}
		}
	}
	return Delivery{}, false
}

// Reached are the recipients of whom the report tells an action.
func (r *Report) Reached(action string) (list []secret.Text) {
	for _, d := range r.Delivery {
		if d.Action == action && !d.Recipient.Empty() {
			list = append(list, d.Recipient)
		}
	}
	return list
}

// about are the ids by which the report's message may be known, without their domains:
// the envelope's, which we set, and the message's own.
func (r *Report) about() (ids []string) {
	for _, id := range []string{r.Envelope, r.Original} {
		if local, _, _ := strings.Cut(id, "@"); local != "" {
			ids = append(ids, local)
		}
	}
	return ids
}

// report reads what a mail server says of a message that we sent (RFC 3464).
func (p *parser) report(f *leaf) {
	switch f.kind {
	case "message/delivery-status", "message/global-delivery-status":
		p.deliveries(f.join())
	case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
		if kind, _ := mediaType(p.m.header.get("Content-Type")); kind != "multipart/report" {
			return
		}
		if id := first(ids(fieldOf(f.join(), "Message-Id"))); id != "" {
			p.reported().Original = id
		}
	}
}

// deliveries reads the groups of fields of a delivery status: the first is about the
// message, each other about one recipient.
func (p *parser) deliveries(octets []byte) {
	r := p.reported()
	octets = bytes.ReplaceAll(octets, []byte("\r\n"), []byte("\n"))
	for group := range bytes.SplitSeq(octets, []byte("\n\n")) {
		group = bytes.TrimLeft(group, "\n")
		if id := fieldOf(group, "Original-Envelope-Id"); id != "" && r.Envelope == "" && len(id) <= longestID {
			r.Envelope = clean(id)
		}
		action := strings.ToLower(first(strings.Fields(fieldOf(group, "Action"))))
		if action == "" || len(r.Delivery) == mostDeliveries {
			continue
		}
		d := Delivery{Action: action, Status: status(fieldOf(group, "Status"))}
		if _, address, typed := strings.Cut(fieldOf(group, "Final-Recipient"), ";"); typed {
			d.Recipient = secret.New(clean(address))
		}
		r.Delivery = append(r.Delivery, d)
	}
}

// status is a status code (RFC 3463, 2), without what some add; "" if it is none.
func status(field string) string {
	code := first(strings.Fields(field))
	parts := strings.Split(code, ".")
	if len(parts) != 3 {
		return ""
	}
	for i, part := range parts {
		if part == "" || len(part) > 3 || i == 0 && len(part) > 1 || strings.Trim(part, "0123456789") != "" {
			return ""
		}
	}
	return code
}

// fieldOf is a field of a header that stands in octets, unfolded; "" if it has none.
func fieldOf(octets []byte, name string) string {
	found, value := false, ""
	for line := range bytes.Lines(octets) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 && !found {
			return "" // the header's end
		}
		if found {
			if len(line) == 0 || line[0] != ' ' && line[0] != '\t' {
				return value
			}
			value += " " + strings.TrimSpace(text(line))
			continue
		}
		field, rest, ok := bytes.Cut(line, []byte(":"))
		if ok && textproto.CanonicalMIMEHeaderKey(string(bytes.TrimSpace(field))) == textproto.CanonicalMIMEHeaderKey(name) {
			found, value = true, strings.TrimSpace(text(rest))
		}
	}
	return value
}

func (p *parser) reported() *Report {
	if p.m.Report == nil {
		p.m.Report = &Report{}
	}
	return p.m.Report
}
