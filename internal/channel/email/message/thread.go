package message

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// Threads makes the ids of messages that we send, and finds in what answers them the
// interaction that it is about. An id is signed, so nobody gets into a conversation
// whose messages he has not had; it says nothing but the interaction's id, which is
// random.
//
//	int_….‹random›.‹signature›@domain
type Threads struct{ key secret.Bytes }

// NewThreads takes a tenant's own key, of 32 octets or more.
func NewThreads(key secret.Bytes) Threads { return Threads{key} }

// signed is how many octets of the signature an id has.
const signed = 15

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ID makes a message's id, without its brackets; nonce is random, 8 octets or more,
// so that no two messages have the same.
func (t Threads) ID(interaction string, nonce []byte, domain string) string {
	local := interaction + "." + letters.EncodeToString(nonce)
	return local + "." + t.sign(local) + "@" + domain
}

func (t Threads) sign(local string) string {
	mac := hmac.New(sha256.New, t.key.Reveal())
	mac.Write([]byte("nubitalk message id 1\x00" + local)) // never fails
	return letters.EncodeToString(mac.Sum(nil)[:signed])
}

// Of is the interaction that a message answers, by what it says it answers, the
// nearest first; "" if it answers none of ours. It is never known by the subject.
func (t Threads) Of(m *Message) string {
	nearest := slices.Concat(m.InReplyTo, reversed(m.References))
	if m.Report != nil {
		nearest = slices.Concat(m.Report.about(), nearest)
	}
	for _, ref := range nearest {
		if interaction := t.interaction(Local(ref)); interaction != "" {
			return interaction
		}
	}
	return ""
}

// Reported is the message of ours that a report is about: its id without the domain, and
// the interaction that it answered; "" if it is about none of ours.
func (t Threads) Reported(m *Message) (local, interaction string) {
	if m.Report == nil {
		return "", ""
	}
	for _, local := range m.Report.about() {
		if interaction := t.interaction(local); interaction != "" {
			return local, interaction
		}
	}
	return "", ""
}

// Local is a message's id without its domain. Of our own it says all.
func Local(id string) string {
	local, _, _ := strings.Cut(id, "@")
	return local
}

// interaction is what an id of ours names, without its domain; "" if it is none.
func (t Threads) interaction(local string) string {
	parts := strings.Split(local, ".")
	if len(parts) == 3 && id.Valid(id.Interaction, parts[0]) && hmac.Equal([]byte(parts[2]), []byte(t.sign(parts[0]+"."+parts[1]))) {
		return parts[0]
	}
	return ""
}

func reversed(list []string) []string {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

// mostReferences is how many ids an answer refers to: the first, which names the
// conversation, and the latest (RFC 5322, 3.6.4 sets no bound; others cut here).
const mostReferences = 20

// Answer are the In-Reply-To and References of an answer to a message.
func (m *Message) Answer() (inReplyTo string, references []string) {
	references = slices.Clone(m.References)
	if len(references) == 0 && len(m.InReplyTo) == 1 {
		references = slices.Clone(m.InReplyTo)
	}
	if m.ID != "" && !slices.Contains(references, m.ID) {
		references = append(references, m.ID)
	}
	if n := len(references); n > mostReferences {
		references = append(references[:1], references[n-mostReferences+1:]...)
	}
	return m.ID, references
}

// AnswerAll are the In-Reply-To and References of one answer to several messages: all of
// them are its parents (RFC 5322, 3.6.4), and each one's own id is among what it refers
// to, so that every recipient's program finds the conversation that it knows.
func AnswerAll(all []*Message) (parents, references []string) {
	var before []string
	for _, m := range all {
		_, chain := m.Answer()
		if m.ID != "" && !slices.Contains(parents, m.ID) {
			parents = append(parents, m.ID)
		}
		before = append(before, chain...)
	}
	for _, one := range before {
		if !slices.Contains(parents, one) && !slices.Contains(references, one) {
			references = append(references, one)
		}
	}
	if room := max(mostReferences-len(parents), 1); len(references) > room {
		references = append(references[:1], references[len(references)-room+1:]...)
	}
	return parents, append(references, parents...)
}
