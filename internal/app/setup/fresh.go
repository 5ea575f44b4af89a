package setup

import (
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Fresh names the objects of a new tenant's set-up that others point at.
type Fresh struct{ Queue, Hours, Flow, ConsentText, EntryPoint string }

// Prepare gives a new tenant all that its first chat needs, inside the
// transaction that makes it: rules, one queue that every agent serves, hours,
// reasons, dispositions, labels, a consent text, a flow, a chat entry point (if
// it may have chats) and canned replies.
func (s *Service) Prepare(tx *store.Tx, language, timeZone string) error {
	_, err := s.prepare(tx, language, timeZone)
	return err
}

func (s *Service) prepare(tx *store.Tx, language, timeZone string) (Fresh, error) {
	st, err := s.begin(tx)
	if err != nil {
		return Fresh{}, err
	}
	words := freshNames["en"]
	if language == "pt" {
		words = freshNames["pt"]
	}
	f := planting{s: s, tx: tx, st: st}
	f.add(core.DefaultRules())
	hours := f.add(core.DefaultHours(words.hours, timeZone))
	for _, r := range core.DefaultReasons(language) {
		f.add(r)
	}
	for _, d := range core.DefaultDispositions(language) {
		f.add(d)
	}
	for _, l := range core.DefaultLabels(language) {
		f.add(l)
	}
	queue := f.add(core.DefaultQueue(words.queue))
	consent := f.add(core.DefaultConsentText())
	flow := f.add(core.DefaultFlow(words.flow, queue, hours))
	entry := ""
	if st.limits.Allows(acd.Chat) {
		entry = f.add(core.DefaultEntryPoint(words.entry, flow, consent))
	}
	for _, r := range core.DefaultCannedReplies() {
		f.add(r)
	}
	return Fresh{queue, hours, flow, consent, entry}, f.err
}

// planting adds objects, in the system's own name, until one fails.
type planting struct {
	s   *Service
	tx  *store.Tx
	st  *state
	err error
}

func (p *planting) add(o core.Object) string {
	if p.err != nil {
		return ""
	}
	object := rulesID
	if k := o.Kind(); k != core.KindRules {
		object = p.s.IDs.New(k.Prefix())
	}
	row, err := p.s.insert(p.tx, p.st, access.Actor{Tenant: p.tx.Tenant()}, object, o)
	p.err = err
	return row.ID
}

var freshNames = map[string]struct{ hours, queue, flow, entry string }{
	"en": {"Opening hours", "Service", "Welcome", "Web chat"},
	"pt": {"Horário", "Atendimento", "Boas-vindas", "Chat do site"},
}
