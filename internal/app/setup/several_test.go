package setup

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// several says what would be done to objects, and does it when told so.
func several(t *testing.T, h *house, a access.Actor, k core.Kind, do string, really bool, objects ...SeenObject) []string {
	t.Helper()
	x := Several{Do: do, Objects: objects}
	out, err := h.Several(t.Context(), a, k, x)
	if err == nil && really {
		would := out
		x.Seen = out.Seen
		if out, err = h.Several(t.Context(), a, k, x); err == nil && len(out.Objects) != len(would.Objects) {
			t.Errorf("%+v, after %+v", out, would)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, o := range out.Objects {
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprint(o.Name, " ", o.Version, " ", o.Verdict, " ", o.Field, " ", o.Problem)), " "))
	}
	return lines
}

func inUse[T core.Object](t *testing.T, h *house, a access.Actor) []string {
	t.Helper()
	list, err := List[T](t.Context(), h.Service, a, false)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, o := range list {
		names = append(names, o.Value.Called())
	}
	return names
}

func TestSeveralAreArchivedAndComeBack(t *testing.T) { onEach(t, testArchivedAndBack) }

func testArchivedAndBack(t *testing.T, h *house) {
	ctx, a := t.Context(), admin(shop)
	reasons, err := List[core.Reason](ctx, h.Service, a, false)
	if err != nil || len(reasons) != 4 {
		t.Fatal(reasons, err)
	}
	all := inUse[core.Reason](t, h, a)
	one := func(i int, version int64) SeenObject { return SeenObject{reasons[i].ID, version} }

	// What would be done is said, and nothing is done.
	would := []string{"Lunch 1 changed", "Training 1 changed"}
	if diff := cmp.Diff(would, several(t, h, a, core.KindReason, DoArchive, false, one(0, 0), one(2, 1))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(all, inUse[core.Reason](t, h, a)); diff != "" || len(h.audit) > 0 || len(h.changes) > 0 {
		t.Error(diff, h.audit, h.changes)
	}

	if diff := cmp.Diff([]string{"Lunch 2 changed", "Training 2 changed"}, several(t, h, a, core.KindReason, DoArchive, true, one(0, 0), one(2, 0))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Break", "Meeting"}, inUse[core.Reason](t, h, a)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ten_shop usr_boss setup.archived reason rea", "ten_shop usr_boss setup.archived reason rea"}, h.audit); diff != "" {
		t.Error(diff)
	}
	// One that is so already stays, one that somebody changed since is refused.
	back := []string{"Lunch 3 changed", "Break 1 unchanged", "Training 2 refused This reason was changed by someone else in the meantime. Look at it again before you change it."}
	if diff := cmp.Diff(back, several(t, h, a, core.KindReason, DoRestore, true, one(0, 2), one(1, 0), one(2, 7))); diff != "" {
		t.Error(diff)
	}
	// Where they come back to is where they were.
	several(t, h, a, core.KindReason, DoRestore, true, one(2, 2))
	if diff := cmp.Diff(all, inUse[core.Reason](t, h, a)); diff != "" {
		t.Error(diff)
	}
}

func TestSeveralThatUseOneAnother(t *testing.T) { onEach(t, testUsingOneAnother) }

func testUsingOneAnother(t *testing.T, h *house) {
	ctx, a := t.Context(), admin(shop)
	made := func(q core.Queue) SeenObject {
		t.Helper()
		got, err := Create(ctx, h.Service, a, q)
		if err != nil {
			t.Fatal(err)
		}
		return SeenObject{ID: got.ID}
	}
	queue := func(name string, to ...SeenObject) core.Queue {
		q := core.Queue{Name: name, Channels: []acd.Channel{acd.Chat}, Priority: 5, OfferSeconds: 30, ServiceSeconds: 60, ServicePercent: 80, MaxMissed: 2}
		for _, o := range to {
			q.Overflow = append(q.Overflow, core.Overflow{When: acd.OnWait, AfterSeconds: 60, ToQueue: o.ID})
		}
		return q
	}
	last := made(queue("Last"))
	middle := made(queue("Middle", last))
	first := made(queue("First", middle))

	// One that another of them uses can go with it, whatever was named first; not without it.
	refused := []string{"Last 1 refused This queue is used by the queue “Middle”. Change that first.", "Middle 1 refused This queue is used by the queue “First”. Change that first."}
	if diff := cmp.Diff(refused, several(t, h, a, core.KindQueue, DoArchive, true, last, middle)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Last 2 changed", "First 2 changed", "Middle 2 changed"}, several(t, h, a, core.KindQueue, DoArchive, true, last, first, middle)); diff != "" {
		t.Error(diff)
	}
	if got := several(t, h, a, core.KindQueue, DoRestore, false, first); !strings.Contains(got[0], "2 refused overflow") {
		t.Error("a queue came back whose next one is out of use:", got)
	}
	if diff := cmp.Diff([]string{"First 3 changed", "Middle 3 changed", "Last 3 changed"}, several(t, h, a, core.KindQueue, DoRestore, true, first, middle, last)); diff != "" {
		t.Error(diff)
	}
	// The name of one is taken meanwhile.
	several(t, h, a, core.KindQueue, DoArchive, true, first)
	made(queue("FIRST"))
	if got := several(t, h, a, core.KindQueue, DoRestore, true, first); !strings.Contains(got[0], "4 refused name is that of another queue already") {
		t.Error(got)
	}
}

func TestSeveralAreRefused(t *testing.T) { onEach(t, testSeveralRefused) }

func testSeveralRefused(t *testing.T, h *house) {
	ctx, a := t.Context(), admin(shop)
	theirs, err := List[core.Reason](ctx, h.Service, admin(books), false)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := List[core.Reason](ctx, h.Service, a, false)
	if err != nil {
		t.Fatal(err)
	}
	try := func(who access.Actor, x Several) error {
		_, err := h.Several(ctx, who, core.KindReason, x)
		return err
	}
	own := SeenObject{ID: mine[0].ID}
	wantCode(t, try(as(shop, access.Supervisor), Several{Do: DoArchive, Objects: []SeenObject{own}}), errs.Forbidden, "roles")
	wantCode(t, try(a, Several{Do: DoArchive, Objects: []SeenObject{own, {ID: theirs[0].ID}}}), errs.Invalid, "objects[1]")
	wantCode(t, try(a, Several{Do: DoArchive, Objects: []SeenObject{own, own}}), errs.Invalid, "objects[1]")
	wantCode(t, try(a, Several{Do: DoArchive}), errs.Invalid, "objects")
	wantCode(t, try(a, Several{Do: DoArchive, Objects: make([]SeenObject, MaxSeveral+1)}), errs.Invalid, "objects")

	// What was seen is not what would be done now, nor what was seen of another thing to do.
	x := Several{Do: DoArchive, Objects: []SeenObject{own}}
	seen, err := h.Several(ctx, a, core.KindReason, x)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Update(ctx, h.Service, a, mine[0].ID, 1, core.Reason{Name: "Dinner"}); err != nil {
		t.Fatal(err)
	}
	x.Seen = seen.Seen
	wantCode(t, try(a, x), errs.Conflict, "something else")
	if got := inUse[core.Reason](t, h, a); got[0] != "Dinner" || len(got) != 4 {
		t.Error(got)
	}
	if len(inUse[core.Reason](t, h, admin(books))) != 4 {
		t.Error("another organisation's are fewer")
	}
}

// What somebody changes while several are being archived is not, and it is said of it.
func TestOneOfSeveralIsChangedMeanwhile(t *testing.T) { onEach(t, testChangedMeanwhile) }

func testChangedMeanwhile(t *testing.T, h *house) {
	ctx, a := t.Context(), admin(shop)
	reasons, err := List[core.Reason](ctx, h.Service, a, false)
	if err != nil {
		t.Fatal(err)
	}
	h.Changed = func(c Change) {
		h.Changed = nil
		if _, err := Update(ctx, h.Service, a, reasons[1].ID, 1, core.Reason{Name: "Coffee"}); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"Lunch 2 changed",
		"Break 1 refused This reason was changed by someone else in the meantime. Look at it again before you change it.",
		"Training 2 changed",
	}
	got := several(t, h, a, core.KindReason, DoArchive, true, SeenObject{ID: reasons[0].ID}, SeenObject{ID: reasons[1].ID}, SeenObject{ID: reasons[2].ID})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Coffee", "Meeting"}, inUse[core.Reason](t, h, a)); diff != "" {
		t.Error(diff)
	}
}

// Who asked has gone when the first is done: the others are, too.
func TestSeveralAreAllDoneWhoeverGoesAway(t *testing.T) { onEach(t, testGoneAway) }

func testGoneAway(t *testing.T, h *house) {
	a := admin(shop)
	reasons, err := List[core.Reason](t.Context(), h.Service, a, false)
	if err != nil {
		t.Fatal(err)
	}
	x := Several{Do: DoArchive, Objects: []SeenObject{{ID: reasons[0].ID}, {ID: reasons[1].ID}, {ID: reasons[2].ID}}}
	would, err := h.Several(t.Context(), a, core.KindReason, x)
	if err != nil {
		t.Fatal(err)
	}
	x.Seen = would.Seen
	ctx, leave := context.WithCancel(t.Context())
	h.Changed = func(Change) { leave() }
	got, err := h.Several(ctx, a, core.KindReason, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range got.Objects {
		if o.Verdict != WillMove || o.Version != 2 {
			t.Errorf("%+v", o)
		}
	}
	if diff := cmp.Diff([]string{"Meeting"}, inUse[core.Reason](t, h, a)); diff != "" {
		t.Error(diff)
	}
}

// Work is in one queue, and a trunk's number is another organisation's by now.
func TestSeveralAreHeldByWhatIsNotSetUp(t *testing.T) { onEach(t, testHeldByOthers) }

func testHeldByOthers(t *testing.T, h *house) {
	ctx, a := t.Context(), admin(shop)
	var queues []SeenObject
	for _, name := range []string{"Busy", "Idle"} {
		q, err := Create(ctx, h.Service, a, core.Queue{Name: name, Channels: []acd.Channel{acd.Chat}, Priority: 5, OfferSeconds: 30, ServiceSeconds: 60, ServicePercent: 80, MaxMissed: 2})
		if err != nil {
			t.Fatal(err)
		}
		queues = append(queues, SeenObject{ID: q.ID})
	}
	err := h.DB.Write(ctx, shop, func(tx *store.Tx) error {
		if err := tx.InsertContact(store.ContactRow{ID: "con_1"}); err != nil {
			return err
		}
		return tx.InsertInteraction(store.InteractionRow{ID: "int_1", ContactID: "con_1", Channel: "chat", State: "queued", QueueID: queues[0].ID, ArrivedAt: start})
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Busy 1 refused An open interaction is in this queue. Move or finish it first.", "Idle 2 changed"}
	if diff := cmp.Diff(want, several(t, h, a, core.KindQueue, DoArchive, true, queues...)); diff != "" {
		t.Error(diff)
	}

	trunk := func(who access.Actor, number string) SeenObject {
		t.Helper()
		got, err := Create(ctx, h.Service, who, core.Trunk{Name: "Line " + number, Country: "PT", Numbers: []core.TrunkNumber{{Number: number}}})
		if err != nil {
			t.Fatal(err)
		}
		return SeenObject{ID: got.ID}
	}
	lost, kept := trunk(a, "+351210000001"), trunk(a, "+351210000002")
	several(t, h, a, core.KindTrunk, DoArchive, true, lost, kept)
	trunk(admin(books), "+351210000001")
	got := several(t, h, a, core.KindTrunk, DoRestore, true, lost, kept)
	if !strings.Contains(got[0], "2 refused numbers") || got[1] != "Line +351210000002 3 changed" {
		t.Error(got)
	}
}
