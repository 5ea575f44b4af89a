package wire

import "strconv"

// Append writes the message to b as it goes over the wire.
func (m *Message) Append(b []byte) []byte {
	if m.IsRequest() {
		b = append(b, m.Method...)
		b = append(b, ' ')
		b = append(b, m.URI.Text()...)
		b = append(b, " SIP/2.0\r\n"...)
	} else {
		b = append(b, "SIP/2.0 "...)
		b = strconv.AppendInt(b, int64(m.Code), 10)
		b = append(b, ' ')
		b = append(b, clean(m.Reason)...)
		b = append(b, "\r\n"...)
	}
	field := func(name, value string) {
		b = append(b, name...)
		b = append(b, ": "...)
		b = append(b, value...)
		b = append(b, "\r\n"...)
	}
	for _, v := range m.Via {
		field("Via", v)
	}
	for _, v := range m.Route {
		field("Route", v)
	}
	for _, v := range m.RecordRoute {
		field("Record-Route", v)
	}
	if m.MaxForwards >= 0 {
		b = append(b, "Max-Forwards: "...)
		b = strconv.AppendInt(b, int64(m.MaxForwards), 10)
		b = append(b, "\r\n"...)
	}
	if !m.From.Empty() {
		field("From", m.From.Text())
	}
	if !m.To.Empty() {
		field("To", m.To.Text())
	}
	if m.CallID != "" {
		field("Call-ID", m.CallID)
	}
	if m.cseq != "" {
		field("CSeq", m.cseq)
	} else if m.CSeq.Method != "" {
		b = append(b, "CSeq: "...)
		b = strconv.AppendUint(b, uint64(m.CSeq.Number), 10)
		b = append(b, ' ')
		b = append(b, m.CSeq.Method...)
		b = append(b, "\r\n"...)
	}
	if m.AnyContact {
		field("Contact", "*")
	}
	for _, c := range m.Contact {
		field("Contact", c.Text())
	}
	for _, h := range m.Headers {
		field(h.Name, h.Value)
	}
	if len(m.Body) > 0 {
		field("Content-Type", m.ContentType)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(m.Body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, m.Body...)
}
