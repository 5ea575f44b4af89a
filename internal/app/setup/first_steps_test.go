package setup

import (
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

func (h *house) steps(t *testing.T) FirstSteps {
	t.Helper()
	s, err := h.FirstSteps(t.Context(), admin(shop))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFirstSteps(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	fresh := h.fresh[shop]
	s := h.steps(t)
	if s.EntryPoint != fresh.EntryPoint || s.Name != "Web chat" || !s.Answers || s.Arrived || s.Answered || len(s.Samples) != 3 || s.Samples[0].Added {
		t.Fatalf("%+v", s)
	}
	for range 2 { // again changes nothing
		for _, sample := range core.Samples {
			if err := h.AddSample(ctx, a, sample, "pt"); err != nil {
				t.Fatal(sample, err)
			}
		}
	}
	s = h.steps(t)
	if s.EntryPoint != s.Samples[0].EntryPoint || s.Name != "Exemplo: chat com menu" {
		t.Errorf("%+v", s)
	}
	snap, err := h.Snapshot(ctx, shop)
	if err != nil {
		t.Fatal(err)
	}
	if len(snap.EntryPoints) != 4 || len(snap.Flows) != 4 {
		t.Errorf("%d entry points, %d flows", len(snap.EntryPoints), len(snap.Flows))
	}
	for _, sample := range s.Samples {
		e := snap.EntryPoints[sample.EntryPoint]
		if !sample.Added || e.Channel != sample.Sample.Channel() || e.Flow != sample.Flow || !e.Enabled {
			t.Errorf("%+v %+v", sample, e)
		}
		run, _, err := flow.Start(snap.Flows[e.Flow].Graph, "pt", nil, flow.World{Now: start, Languages: e.Languages, IsOpen: func(string) bool { return false }})
		if err != nil || run.Done != (e.Channel == acd.Email) {
			t.Errorf("%s: %v %+v", sample.Sample, err, run)
		}
	}
	if books, err := h.Snapshot(ctx, books); err != nil || len(books.EntryPoints) != 1 {
		t.Errorf("another tenant has it, too: %+v %v", books, err)
	}

	// What nothing arrived by is taken out again, and may come back.
	for range 2 {
		if err := h.RemoveSample(ctx, a, core.SamplePhone); err != nil {
			t.Fatal(err)
		}
	}
	if s := h.steps(t); s.Samples[1].Added || s.Samples[1].Flow != "" {
		t.Errorf("%+v", s.Samples[1])
	}
	if err := h.AddSample(ctx, a, core.SamplePhone, "en"); err != nil || !h.steps(t).Samples[1].Added {
		t.Error(err)
	}

	// A first chat arrives by the sample, and is answered.
	err = h.DB.Write(ctx, shop, func(tx *store.Tx) error {
		if err := tx.InsertContact(store.ContactRow{ID: "con_1", CreatedAt: start, SeenAt: start}); err != nil {
			return err
		}
		return tx.InsertInteraction(store.InteractionRow{ID: "int_1", Channel: "chat", ContactID: "con_1", EntryPointID: s.EntryPoint, State: "in_flow", ArrivedAt: start})
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := h.steps(t); !s.Arrived || s.Answered || !s.Samples[0].Used || s.Samples[1].Used {
		t.Errorf("%+v", s)
	}
	wantCode(t, h.RemoveSample(ctx, a, core.SampleChat), errs.Conflict, "yours now")
	if err := h.DB.Write(ctx, shop, func(tx *store.Tx) error {
		return tx.PutSegment(store.SegmentRow{InteractionID: "int_1", Number: 1, HolderKind: "agent", HolderID: "usr_of_shop", StartedAt: start})
	}); err != nil {
		t.Fatal(err)
	}
	if s := h.steps(t); !s.Answered {
		t.Errorf("%+v", s)
	}

	// One that is archived by hand is not there any more.
	wantCode(t, h.AddSample(ctx, a, "fax", "en"), errs.NotFound, "")
	wantCode(t, h.AddSample(ctx, as(shop, access.Agent), core.SampleChat, "en"), errs.Forbidden, "")
	_, err = h.FirstSteps(ctx, as(shop, access.Agent))
	wantCode(t, err, errs.Forbidden, "")
}

func TestASampleKeepsToTheOrganisationsChannels(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	err := h.DB.System(ctx, func(tx *store.Tx) error {
		o, err := tx.OrganisationByID(shop)
		if err != nil {
			return err
		}
		o.Limits = usage.Limits{Channels: []acd.Channel{acd.Chat}}
		return tx.UpdateOrganisation(o)
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := h.steps(t); !s.Samples[0].Allowed || s.Samples[1].Allowed {
		t.Errorf("%+v", s.Samples)
	}
	wantCode(t, h.AddSample(ctx, admin(shop), core.SamplePhone, "en"), errs.Invalid, "")
	if s := h.steps(t); s.Samples[1].Flow != "" {
		t.Errorf("half of it is there: %+v", s.Samples)
	}
}
