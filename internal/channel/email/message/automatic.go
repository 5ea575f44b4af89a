package message

import (
	"slices"
	"strings"
	"unicode"
)

// Reasons why a message is of a machine, or is answered to nobody, so that no
// automatic answer may go to it (RFC 3834, 2).
const (
	ByItself   = "auto_submitted" // it says so
	ToNobody   = "null_sender"    // its return path is empty, or it names no sender
	OfList     = "list"           // of a mailing list
	InBulk     = "bulk"           // Precedence, or its own wish for no answer
	OfDelivery = "report"         // of a delivery or of reading
	ByRobot    = "robot"          // from an address that is no person's
)

// Automatic says why no automatic answer may go to a message; "" if one may.
func (m *Message) Automatic() string {
	h := m.header
	if kind, _ := mediaType(h.get("Content-Type")); kind == "multipart/report" || m.Report != nil { // which says more than that it is automatic
		return OfDelivery
	}
	if v, _ := mediaType(h.get("Auto-Submitted")); v != "" && v != "no" {
		return ByItself
	}
	for _, name := range []string{"X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply-From"} {
		if h.get(name) != "" {
			return ByItself
		}
	}
	if paths := h.all("Return-Path"); len(paths) > 0 && strings.Trim(paths[0], " \t<>") == "" {
		return ToNobody
	}
	for _, f := range h {
		if name := strings.ToLower(f.name); strings.HasPrefix(name, "list-") || name == "mailing-list" || name == "feedback-id" {
			return OfList
		}
	}
	if slices.Contains([]string{"bulk", "junk", "list", "auto_reply"}, strings.ToLower(strings.TrimSpace(h.get("Precedence")))) {
		return InBulk
	}
	for wish := range strings.SplitSeq(strings.ToLower(h.get("X-Auto-Response-Suppress")), ",") {
		if slices.Contains([]string{"all", "autoreply", "oof"}, strings.TrimSpace(wish)) {
			return InBulk
		}
	}
	if len(m.From) == 0 {
		return ToNobody
	}
	for _, a := range slices.Concat(m.From, m.ReplyTo) {
		local, _, _ := strings.Cut(strings.ToLower(a.Address.Reveal()), "@")
		bare := strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
		if slices.Contains([]string{"mailerdaemon", "postmaster", "noreply", "donotreply", "nobody", "bounce", "bounces", "majordomo", "listserv"}, bare) ||
			strings.HasPrefix(local, "owner-") || strings.HasSuffix(local, "-request") || strings.HasPrefix(local, "bounces+") || strings.HasPrefix(local, "bounce-") {
			return ByRobot
		}
	}
	return ""
}

// Verdict is what the provider says about where a message comes from (RFC 8601).
type Verdict struct {
	Method string // spf, dkim, dmarc, arc
	Result string // pass, fail, softfail, neutral, none, temperror, permerror
	Domain string // that it is about, if it says so
}

// Verdicts are those of a server by that name. The sender may have written others
// into the message, so without a name those of the first field only, which the last
// server on the way wrote: true where it strips those that bear its name (RFC 8601, 5).
func (m *Message) Verdicts(server string) (list []Verdict) {
	for n, value := range m.header.all("Authentication-Results") {
		if server == "" && n > 0 {
			break
		}
		parts := strings.Split(uncommented(value), ";")
		by := first(strings.Fields(parts[0]))
		if server != "" && !strings.EqualFold(by, server) {
			continue
		}
		for _, p := range parts[1:] {
			if v, ok := verdict(p); ok && len(list) < 50 {
				list = append(list, v)
			}
		}
	}
	return list
}

func verdict(s string) (v Verdict, ok bool) {
	for n, word := range strings.Fields(s) {
		name, value, is := strings.Cut(word, "=")
		name, value = strings.ToLower(name), strings.Trim(value, `"`)
		if n == 0 {
			method, _, _ := strings.Cut(name, "/")
			if !is || !slices.Contains([]string{"spf", "dkim", "dmarc", "arc"}, method) {
				return v, false
			}
			v.Method, v.Result = method, strings.ToLower(value)
			if v.Result == "" || strings.Trim(v.Result, "abcdefghijklmnopqrstuvwxyz") != "" { // a keyword (RFC 8601, 2.2)
				return v, false
			}
			continue
		}
		if slices.Contains([]string{"smtp.mailfrom", "header.d", "header.i", "header.from"}, name) && v.Domain == "" {
			domain := strings.ToLower(value[strings.LastIndexByte(value, '@')+1:])
			if !strings.ContainsFunc(domain, func(r rune) bool {
				return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && r != '.' && r != '-' && r != '_'
			}) {
				v.Domain = domain
			}
		}
	}
	return v, v.Method != ""
}

// uncommented is a field without its comments (RFC 5322, 3.2.2).
func uncommented(s string) string {
	var out strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			if depth == 0 {
				out.WriteByte(s[i])
			}
		case c == '"' && depth == 0:
			quoted = !quoted
		case c == '(' && !quoted:
			depth++
		case c == ')' && !quoted && depth > 0:
			depth--
			out.WriteByte(' ')
		case depth == 0:
			out.WriteByte(c)
		}
	}
	return out.String()
}
