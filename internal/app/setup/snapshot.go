package setup

import (
	"context"
	"encoding/json"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/flow"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Snapshot is a tenant's set-up in use at one moment, ready to work with. It is
// never changed.
type Snapshot struct {
	Language     string
	TimeZone     *time.Location
	Rules        core.Rules
	Queues       map[string]core.Queue
	Skills       map[string]core.Skill
	Dispositions map[string]core.Disposition
	Reasons      map[string]core.Reason
	Labels       map[string]core.Label
	Hours        map[string]core.Hours
	EntryPoints  map[string]core.EntryPoint
	Canned       map[string]core.CannedReply
	ConsentTexts map[string]ConsentText
	Prompts      map[string]core.Prompt
	Flows        map[string]Flow
	AlertRules   map[string]core.AlertRule
	Trunks       map[string]core.Trunk
	Phones       map[string]core.Phone
	Mailboxes    map[string]core.Mailbox
	Campaigns    map[string]core.Campaign
	ContactLists map[string]core.ContactList

	RecordingRules map[string]core.RecordingRule
	RejectReasons  map[string]RejectReason
}

// Words are what a prompt in use says.
func (s Snapshot) Words(prompt string) (words string, known bool) {
	p, known := s.Prompts[prompt]
	return p.Text, known
}

// Flow is a flow ready to run.
type Flow struct {
	Name    string
	Version int64
	Graph   *flow.Graph
}

// RejectReason is a reason for rejecting emails with the version that is chosen.
type RejectReason struct {
	Version int64
	core.RejectReason
}

// ConsentText is a consent text with the version that evidence names.
type ConsentText struct {
	Version int64
	core.ConsentText
}

// Snapshot reads a tenant's set-up. It asks for no permission: it is for the
// parts that run the tenant's work.
func (s *Service) Snapshot(ctx context.Context, t id.Tenant) (Snapshot, error) {
	var snap Snapshot
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		st, err := loadObjects(tx)
		if err == nil {
			snap, err = st.snapshot()
		}
		return err
	})
	return snap, err
}

func (st *state) snapshot() (Snapshot, error) {
	snap := Snapshot{Language: st.language, Rules: core.DefaultRules(), TimeZone: time.UTC, Flows: map[string]Flow{}, ConsentTexts: map[string]ConsentText{}, RejectReasons: map[string]RejectReason{}}
	if zone, err := core.Zone(st.timeZone); err == nil {
		snap.TimeZone = zone
	}
	for _, o := range st.objects[core.KindRules] {
		snap.Rules = o.(core.Rules)
	}
	snap.Queues = typed[core.Queue](st)
	snap.Skills = typed[core.Skill](st)
	snap.Dispositions = typed[core.Disposition](st)
	snap.Reasons = typed[core.Reason](st)
	snap.Labels = typed[core.Label](st)
	snap.Hours = typed[core.Hours](st)
	snap.EntryPoints = typed[core.EntryPoint](st)
	snap.Canned = typed[core.CannedReply](st)
	snap.Prompts = typed[core.Prompt](st)
	snap.AlertRules = typed[core.AlertRule](st)
	snap.Trunks = typed[core.Trunk](st)
	snap.Phones = typed[core.Phone](st)
	snap.Mailboxes = typed[core.Mailbox](st)
	snap.Campaigns = typed[core.Campaign](st)
	snap.ContactLists = typed[core.ContactList](st)
	snap.RecordingRules = typed[core.RecordingRule](st)
	for id, v := range typed[core.ConsentText](st) {
		snap.ConsentTexts[id] = ConsentText{st.rows[core.KindConsentText][id].Version, v}
	}
	for id, v := range typed[core.RejectReason](st) {
		snap.RejectReasons[id] = RejectReason{st.rows[core.KindRejectReason][id].Version, v}
	}
	for id, v := range typed[core.Flow](st) {
		g, err := flow.Parse(v.Graph)
		if err != nil {
			return snap, errs.Wrap(errs.Internal, err, "The stored flow %q cannot be read.", v.Name)
		}
		snap.Flows[id] = Flow{v.Name, st.rows[core.KindFlow][id].Version, g}
	}
	return snap, nil
}

func typed[T core.Object](st *state) map[string]T {
	m := map[string]T{}
	for id, o := range st.objects[kindOf[T]()] {
		m[id] = o.(T)
	}
	return m
}

// FlowAt is a flow as it was at a version: a run goes on with the graph that it
// began with.
func (s *Service) FlowAt(ctx context.Context, t id.Tenant, flowID string, version int64) (Flow, error) {
	var row store.SetupVersionRow
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = tx.SetupVersion(string(core.KindFlow), flowID, version)
		return err
	})
	if err != nil {
		return Flow{}, err
	}
	var f core.Flow
	if err := json.Unmarshal(row.Body, &f); err != nil {
		return Flow{}, errs.Wrap(errs.Internal, err, "A stored flow cannot be read.")
	}
	g, err := flow.Parse(f.Graph)
	return Flow{f.Name, version, g}, err
}
