package setup

import (
	"context"

	"nubitalk/internal/base/id"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Fresh names the objects of a new tenant's set-up that others point at.
type Fresh struct{ Queue, Hours, Flow, ConsentText, EntryPoint string }

// SetUp gives a new tenant all that its first chat needs, inside the caller's
// transaction: rules, one queue that members serve, hours, reasons,
// dispositions, labels, a consent text, a flow, a chat entry point and canned
// replies. by is who made the tenant.
func (s *Service) SetUp(tx *store.Tx, by string, members ...string) (Fresh, error) {
	st, err := s.begin(tx)
	if err != nil {
		return Fresh{}, err
	}
	org, err := tx.Organisation()
	if err != nil {
		return Fresh{}, err
	}
	f := planting{s: s, tx: tx, st: st, by: by}
	words := freshNames["en"]
	if org.Language == "pt" {
		words = freshNames["pt"]
	}
	f.add(core.DefaultRules())
	hours := f.add(core.DefaultHours(words.hours, org.TimeZone))
	for _, r := range core.DefaultReasons(org.Language) {
		f.add(r)
	}
	for _, d := range core.DefaultDispositions(org.Language) {
		f.add(d)
	}
	for _, l := range core.DefaultLabels(org.Language) {
		f.add(l)
	}
	q := core.DefaultQueue(words.queue)
	q.Members = members
	queue := f.add(q)
	consent := f.add(core.DefaultConsentText())
	flow := f.add(core.DefaultFlow(words.flow, queue, hours))
	entry := f.add(core.DefaultEntryPoint(words.entry, flow, consent))
	for _, r := range core.DefaultCannedReplies() {
		f.add(r)
	}
	return Fresh{queue, hours, flow, consent, entry}, f.err
}

// SetUpTenant is SetUp in a transaction of its own.
func (s *Service) SetUpTenant(ctx context.Context, t id.Tenant, by string, members ...string) (Fresh, error) {
	var fresh Fresh
	err := s.DB.Write(ctx, t, func(tx *store.Tx) (err error) {
		fresh, err = s.SetUp(tx, by, members...)
		return err
	})
	if err == nil {
		s.tell(t, core.KindEntryPoint, fresh.EntryPoint)
	}
	return fresh, err
}

// planting adds objects until one fails.
type planting struct {
	s   *Service
	tx  *store.Tx
	st  *state
	by  string
	err error
}

func (p *planting) add(o core.Object) string {
	if p.err != nil {
		return ""
	}
	row, err := p.s.insert(p.tx, p.st, p.by, o)
	p.err = err
	return row.ID
}

var freshNames = map[string]struct{ hours, queue, flow, entry string }{
	"en": {"Opening hours", "Service", "Welcome", "Web chat"},
	"pt": {"Horário", "Atendimento", "Boas-vindas", "Chat do site"},
}
