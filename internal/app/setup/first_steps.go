package setup

import (
	"cmp"
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// FirstSteps tells how far a new tenant is. Nothing of it is ticked by hand.
type FirstSteps struct {
	EntryPoint string        `json:"entry_point,omitempty" doc:"Id of the chat entry point to try: the sample's, else the first that is switched on."`
	Name       string        `json:"name,omitempty" doc:"… and its name."`
	Answers    bool          `json:"answers" doc:"Somebody can take work: an active account that may use the desk."`
	Arrived    bool          `json:"arrived" doc:"Something has arrived, by any channel."`
	Answered   bool          `json:"answered" doc:"An agent has had some of it."`
	TrialUntil time.Time     `json:"trial_until,omitzero" doc:"The organisation is on trial, and is suspended then."`
	Samples    []SampleState `json:"samples"`
}

// SampleState is a sample, and whether it is there.
type SampleState struct {
	Sample     core.Sample `json:"sample" enum:"chat,phone,email"`
	Allowed    bool        `json:"allowed" doc:"The organisation may have this channel."`
	Added      bool        `json:"added"`
	Used       bool        `json:"used" doc:"Something has arrived by it, so it is not taken out at once any more."`
	EntryPoint string      `json:"entry_point,omitempty"`
	Flow       string      `json:"flow,omitempty"`
}

// FirstSteps tells an administrator how far the tenant is.
func (s *Service) FirstSteps(ctx context.Context, a access.Actor) (out FirstSteps, err error) {
	if err := allowed(a, access.SetupWrite); err != nil {
		return out, err
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		out = FirstSteps{}
		st, err := loadObjects(tx, core.KindFlow, core.KindEntryPoint)
		if err != nil {
			return err
		}
		org, err := tx.Organisation()
		if err != nil {
			return err
		}
		agents, err := tx.DeskUsers()
		if err != nil {
			return err
		}
		out.TrialUntil, out.Answers = org.TrialUntil, agents > 0
		if out.Arrived, out.Answered, err = tx.Began(); err != nil {
			return err
		}
		rows, err := tx.SampleObjects()
		if err != nil {
			return err
		}
		for _, sample := range core.Samples {
			state, err := sampleState(tx, st, rows, sample)
			if err != nil {
				return err
			}
			out.Samples = append(out.Samples, state)
		}
		out.EntryPoint = cmp.Or(out.Samples[0].EntryPoint, firstChat(st))
		if e, ok := st.objects[core.KindEntryPoint][out.EntryPoint].(core.EntryPoint); ok {
			out.Name = e.Name
		}
		return nil
	})
	return out, err
}

func sampleState(tx *store.Tx, st *state, rows []store.SampleObjectRow, sample core.Sample) (out SampleState, err error) {
	out = SampleState{Sample: sample, Allowed: st.limits.Allows(sample.Channel())}
	for _, r := range rows {
		if r.Sample != string(sample) || st.objects[core.Kind(r.Kind)][r.ID] == nil { // archived by hand
			continue
		}
		if core.Kind(r.Kind) == core.KindFlow {
			out.Flow = r.ID
			continue
		}
		out.Added, out.EntryPoint = true, r.ID
		if out.Used, err = tx.ArrivedBy(r.ID, r.AddedAt); err != nil {
			return out, err
		}
	}
	return out, nil
}

// firstChat is the chat entry point on top of those that are switched on.
func firstChat(st *state) string {
	first := ""
	for object, o := range st.objects[core.KindEntryPoint] {
		e := o.(core.EntryPoint)
		if e.Channel == acd.Chat && e.Enabled && (first == "" || st.rows[core.KindEntryPoint][object].Position < st.rows[core.KindEntryPoint][first].Position) {
			first = object
		}
	}
	return first
}

// AddSample makes a sample's flow and entry point, in the person's language, for
// the first queue, or one that it makes if there is none. What is there already
// stays as it is.
func (s *Service) AddSample(ctx context.Context, a access.Actor, sample core.Sample, language string) error {
	if err := allowed(a, access.SetupWrite); err != nil {
		return err
	}
	if sample.Channel() == "" {
		return noSample()
	}
	var made []store.SampleObjectRow
	err := s.change(ctx, a.Tenant, func(tx *store.Tx, st *state) error {
		made = nil
		rows, err := tx.SampleObjects()
		if err != nil {
			return err
		}
		now, err := sampleState(tx, st, rows, sample)
		if err != nil || now.Added {
			return err
		}
		add := func(o core.Object) string {
			if err != nil {
				return ""
			}
			var row store.SetupRow
			if row, err = s.insert(tx, st, a, s.IDs.New(o.Kind().Prefix()), o); err != nil {
				return ""
			}
			made = append(made, store.SampleObjectRow{ID: row.ID, Sample: string(sample), Kind: row.Kind, AddedAt: s.Clock.Now()})
			if o.Kind() == core.KindQueue { // it stays, because other things may use it
				return row.ID
			}
			err = tx.InsertSampleObject(made[len(made)-1])
			return row.ID
		}
		queue := st.first(core.KindQueue)
		if queue == "" {
			queue = add(core.DefaultQueue(freshNames[cmp.Or(language, "en")].queue))
		}
		flow := now.Flow
		if flow == "" {
			flow = add(sample.Flow(language, queue))
		}
		add(sample.EntryPoint(language, flow, st.first(core.KindConsentText)))
		return err
	})
	if err != nil {
		return err
	}
	for _, o := range made {
		s.tell(a.Tenant, core.Kind(o.Kind), o.ID)
	}
	return nil
}

// first is the object of a kind that is on top; "" if there is none.
func (st *state) first(k core.Kind) string {
	ids := make([]string, 0, len(st.rows[k]))
	for object := range st.rows[k] {
		ids = append(ids, object)
	}
	if len(ids) == 0 {
		return ""
	}
	return slices.MinFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(st.rows[k][a].Position, st.rows[k][b].Position), cmp.Compare(a, b))
	})
}

func noSample() error { return errs.New(errs.NotFound, "There is no such sample.") }

// RemoveSample takes a sample out again, unless something has arrived by it or
// something else uses it.
func (s *Service) RemoveSample(ctx context.Context, a access.Actor, sample core.Sample) error {
	if err := allowed(a, access.SetupWrite); err != nil {
		return err
	}
	if sample.Channel() == "" {
		return noSample()
	}
	var gone []store.SampleObjectRow
	err := s.change(ctx, a.Tenant, func(tx *store.Tx, st *state) error {
		gone = nil
		rows, err := tx.SampleObjects()
		if err != nil {
			return err
		}
		now, err := sampleState(tx, st, rows, sample)
		if err != nil {
			return err
		}
		if now.Used {
			return errs.New(errs.Conflict, "Something has arrived by this sample, so it is yours now. Switch its entry point off, or archive it, when you no longer need it.")
		}
		for _, k := range []core.Kind{core.KindEntryPoint, core.KindFlow} { // what points before what it points at
			for _, r := range rows {
				if r.Sample != string(sample) || core.Kind(r.Kind) != k {
					continue
				}
				if err := s.takeOut(tx, st, a, k, r.ID); err != nil {
					return err
				}
				gone = append(gone, r)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range gone {
		s.tell(a.Tenant, core.Kind(r.Kind), r.ID)
	}
	return nil
}

// takeOut archives what a sample made, if it is not archived yet.
func (s *Service) takeOut(tx *store.Tx, st *state, a access.Actor, k core.Kind, object string) error {
	if row, is := st.rows[k][object]; is {
		if err := st.inUse(k, object); err != nil {
			return err
		}
		row.ArchivedAt = s.Clock.Now()
		row.UpdatedAt = row.ArchivedAt
		if err := tx.UpdateSetup(row); err != nil {
			return err
		}
		delete(st.objects[k], object)
		delete(st.rows[k], object)
		if err := s.Audit.Record(tx, a, ActionArchived, thing(k), object, nil); err != nil {
			return err
		}
	}
	return tx.DeleteSampleObject(object)
}
