package setup

import (
	"encoding/json"
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
)

// Who manages one campaign only changes that, and nothing by which it would reach further.
func TestWhoManagesOneCampaignChangesThat(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	make := func(k core.Kind, body string) Object {
		t.Helper()
		o, err := h.Create(ctx, admin(shop), k, json.RawMessage(body))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	queue, err := h.Get(ctx, admin(shop), core.KindQueue, h.fresh[shop].Queue)
	if err != nil {
		t.Fatal(err)
	}
	other := make(core.KindQueue, strings.Replace(string(queue.Body), `"name":"`, `"name":"Other `, 1))
	own, shared, theirs := make(core.KindContactList, `{"name": "Own"}`), make(core.KindContactList, `{"name": "Shared"}`), make(core.KindContactList, `{"name": "Theirs"}`)
	body := func(name, queue string, lists ...string) string {
		b, _ := json.Marshal(map[string]any{"name": name, "queue": queue, "lists": lists, "state": "paused"})
		return string(b)
	}
	mine := make(core.KindCampaign, body("Mine", queue.ID, own.ID, shared.ID))
	far := make(core.KindCampaign, body("Far", queue.ID, shared.ID, theirs.ID))
	lead := as(shop, access.Supervisor)
	lead.Parts = map[access.Role]access.RolePart{access.Supervisor: {Campaigns: []string{mine.ID}}}

	for k, want := range map[core.Kind]int{core.KindCampaign: 1, core.KindContactList: 2, core.KindQueue: 2} {
		list, err := h.List(ctx, lead, k, false)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, o := range list {
			switch o.ID {
			case mine.ID, own.ID, shared.ID, queue.ID, other.ID:
				n++
			case far.ID, theirs.ID:
				t.Errorf("%s is listed", o.ID)
			}
		}
		if n != want {
			t.Errorf("%d of %s", n, k)
		}
	}
	for k, object := range map[core.Kind]string{core.KindCampaign: far.ID, core.KindContactList: theirs.ID} {
		_, err := h.Get(ctx, lead, k, object)
		wantCode(t, err, errs.NotFound, "")
		taken := map[core.Kind]string{core.KindCampaign: body("Taken", queue.ID), core.KindContactList: `{"name": "Taken"}`}[k]
		_, err = h.Put(ctx, lead, k, object, 1, json.RawMessage(taken))
		wantCode(t, err, errs.NotFound, "")
		_, err = h.Put(ctx, lead, k, object, 7, json.RawMessage(taken)) // nor says a version that it is there
		wantCode(t, err, errs.NotFound, "")
		wantCode(t, h.Archive(ctx, lead, k, object, 1), errs.Forbidden, "")
	}
	_, err = h.Create(ctx, lead, core.KindCampaign, json.RawMessage(body("New", queue.ID)))
	wantCode(t, err, errs.Forbidden, "")
	put := func(b string) error {
		o, err := h.Put(ctx, lead, core.KindCampaign, mine.ID, mine.Version, json.RawMessage(b))
		if err == nil {
			mine = o
		}
		return err
	}
	wantCode(t, put(body("Mine", queue.ID, own.ID, theirs.ID)), errs.Invalid, "")
	wantCode(t, put(body("Mine", other.ID, own.ID)), errs.Invalid, "")
	if err := put(body("Renamed", queue.ID, shared.ID, own.ID)); err != nil {
		t.Error(err)
	}
	_, err = h.Put(ctx, lead, core.KindContactList, shared.ID, 1, json.RawMessage(`{"name": "Ours"}`))
	wantCode(t, err, errs.Forbidden, "")
	if _, err := h.Put(ctx, lead, core.KindContactList, own.ID, 1, json.RawMessage(`{"name": "Our own"}`)); err != nil {
		t.Error(err)
	}
	wantCode(t, h.Archive(ctx, lead, core.KindCampaign, mine.ID, mine.Version), errs.Forbidden, "")
	// Who has the queue, and no campaign, manages none; the other tenant has none of these.
	lead.Parts[access.Supervisor] = access.RolePart{Queues: []string{queue.ID}}
	wantCode(t, put(body("Again", queue.ID)), errs.Forbidden, "")
	_, err = h.Get(ctx, as(books, access.Supervisor), core.KindCampaign, mine.ID)
	wantCode(t, err, errs.NotFound, "")
}
