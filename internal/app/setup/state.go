package setup

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

// state is a tenant's set-up in use, as one transaction sees it.
type state struct {
	language string // the tenant's own
	slug     string // its short name
	timeZone string
	limits   usage.Limits
	rule     core.EncryptionRule
	objects  map[core.Kind]map[string]core.Object
	rows     map[core.Kind]map[string]store.SetupRow
	last     map[core.Kind]int64    // highest position
	users    map[string]bool        // that are not deleted
	agents   []core.Agent           // active ones with the agent role
	staff    []store.UserRow        // that are not deleted, for what they belong to
	graphs   map[string]*flow.Graph // of flows that were looked into
}

// load reads a set-up with those who work with it, as checks need it.
func (s *Service) load(tx *store.Tx) (*state, error) {
	st, err := loadObjects(tx)
	if err != nil {
		return nil, err
	}
	st.rule = s.Encryption
	users, err := tx.Users()
	order.By(users, func(a, b store.UserRow) int { return strings.Compare(a.ID, b.ID) })
	for _, u := range users {
		if u.Status != "deleted" {
			st.users[u.ID] = true
			st.staff = append(st.staff, u)
		}
		if u.Status == "active" && u.Serves() {
			st.agents = append(st.agents, core.Agent{ID: u.ID, Skills: u.Skills, Teams: u.Teams, Site: u.Site, Language: u.Language})
		}
	}
	return st, err
}

// loadObjects reads the objects alone, of some kinds or, with none named, all.
func loadObjects(tx *store.Tx, kinds ...core.Kind) (*state, error) {
	st := &state{
		objects: map[core.Kind]map[string]core.Object{}, rows: map[core.Kind]map[string]store.SetupRow{},
		last: map[core.Kind]int64{}, users: map[string]bool{}, graphs: map[string]*flow.Graph{},
	}
	org, err := tx.Organisation()
	if err != nil {
		return nil, err
	}
	st.language, st.slug, st.timeZone = org.Language, org.Slug, org.TimeZone
	st.limits = org.Limits
	var rows []store.SetupRow
	if len(kinds) == 0 {
		rows, err = tx.SetupAll()
	}
	for _, k := range kinds {
		of, e := tx.SetupOf(string(k))
		rows, err = append(rows, of...), cmp.Or(err, e)
	}
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if !r.ArchivedAt.IsZero() {
			continue
		}
		k := core.Kind(r.Kind)
		o, err := core.Stored(k, r.Body)
		if err != nil {
			return nil, errs.Wrap(errs.Internal, err, "A stored %s cannot be read.", k.Word())
		}
		st.put(r.ID, o)
		if st.rows[k] == nil {
			st.rows[k] = map[string]store.SetupRow{}
		}
		st.rows[k][r.ID] = r
		st.last[k] = max(st.last[k], r.Position)
	}
	return st, nil
}

func (st *state) put(id string, o core.Object) {
	k := o.Kind()
	if st.objects[k] == nil {
		st.objects[k] = map[string]core.Object{}
	}
	st.objects[k][id] = o
	delete(st.graphs, id)
}

// graph is a flow as it is published; nil if there is none that can be read.
func (st *state) graph(id string) *flow.Graph {
	g, known := st.graphs[id]
	f, is := st.objects[core.KindFlow][id].(core.Flow)
	if known || !is {
		return g
	}
	g, err := flow.Parse(f.Graph)
	if err != nil {
		g = nil
	}
	st.graphs[id] = g
	return g
}

// running lists a flow and the flows that run it, also by others in between.
func (st *state) running(id string) map[string]bool {
	in := map[string]bool{id: true}
	for more := true; more; {
		more = false
		for other := range st.objects[core.KindFlow] {
			if g := st.graph(other); g != nil && !in[other] && slices.ContainsFunc(g.SubFlows(), func(sub string) bool { return in[sub] }) {
				in[other], more = true, true
			}
		}
	}
	return in
}

// settled gives an object as it is stored: with ids where a person wrote names.
func (st *state) settled(o core.Object) core.Object {
	if q, ok := o.(core.Queue); ok {
		return q.Settle(refs{st, core.KindQueue, ""})
	}
	return o
}

// check tells every fault of an object in this state.
func (st *state) check(id string, o core.Object) error {
	var faults errs.Fields
	if err := o.Validate(refs{st, o.Kind(), id}); err != nil {
		e := errs.As(err)
		if len(e.Fields) == 0 {
			return err
		}
		faults = e.Fields
	}
	st.limited(&faults, id, o)
	faults = append(faults, st.rule.Breaks(o)...)
	for _, u := range o.Unique() {
		if k := st.taken(id, o.Kind(), u); k != "" {
			faults.Add(u.Path, "is that of another %s already; choose another than %q.", k.Word(), u.Says)
		}
	}
	return faults.Err()
}

// limited tells what the organisation may not have more of. What it has already
// stays, whatever the limits are now.
func (st *state) limited(faults *errs.Fields, id string, o core.Object) {
	before := st.objects[o.Kind()][id]
	switch o := o.(type) {
	case core.EntryPoint:
		if was, _ := before.(core.EntryPoint); was.Channel != o.Channel && !st.limits.Allows(o.Channel) {
			faults.Add("channel", "is not one that your organisation may have; ask who hosts you")
		}
	case core.Mailbox:
		if before == nil && !st.limits.Allows(acd.Email) {
			faults.Add("address", "cannot be added: your organisation may not have email; ask who hosts you")
		}
	case core.Field:
		n := 0
		for _, other := range st.objects[core.KindField] {
			if other.(core.Field).Entity == o.Entity {
				n++
			}
		}
		if before == nil && n >= core.MaxFields {
			faults.Add("entity", "has %d fields already, which is the most that is accepted. Archive some first.", core.MaxFields)
		}
	case core.Trunk:
		was, _ := before.(core.Trunk)
		if before == nil && !st.limits.Allows(acd.Voice) {
			faults.Add("name", "cannot be added: your organisation may not have calls; ask who hosts you")
		}
		if st.limits.Numbers == nil || len(o.Numbers) <= len(was.Numbers) {
			return
		}
		all := int64(len(o.Numbers) - len(was.Numbers))
		for _, t := range st.objects[core.KindTrunk] {
			all += int64(len(t.(core.Trunk).Numbers))
		}
		if all > *st.limits.Numbers {
			faults.Add("numbers", "would be %d of your organisation's, which may have %d; remove some, or ask who hosts you for more", all, *st.limits.Numbers)
		}
	}
}

// taken is the kind of another object that has what only one may have; "" if none
// has. Phones, ring groups and places for parked calls share their extensions.
func (st *state) taken(id string, k core.Kind, u core.Unique) core.Kind {
	kinds := []core.Kind{k}
	if extended := []core.Kind{core.KindPhone, core.KindRingGroup, core.KindRules}; u.Path == "extension" && slices.Contains(extended, k) {
		kinds = extended
	}
	for _, k := range kinds {
		for other, p := range st.objects[k] {
			if other != id && slices.ContainsFunc(p.Unique(), func(v core.Unique) bool { return v.Path == u.Path && v.Key == u.Key }) {
				return k
			}
		}
	}
	return ""
}

// replace checks a changed object and those that use it, and takes it in.
func (st *state) replace(id string, o core.Object) error {
	if err := st.check(id, o); err != nil {
		return err
	}
	users := st.concerned(o.Kind(), id)
	users = slices.DeleteFunc(users, func(u user) bool { return st.check(u.id, u.Object) != nil }) // wrong before, too
	before := st.objects[o.Kind()][id]
	st.put(id, o)
	for _, u := range users {
		if err := st.check(u.id, u.Object); err != nil {
			st.put(id, before)
			f := errs.As(err).Fields[0]
			return errs.Wrap(errs.Conflict, err, "The %s %q uses this and would no longer work: %s", u.Kind().Word(), u.Called(), f.Path+": "+f.Problem)
		}
	}
	return nil
}

// user is an object that points at another.
type user struct {
	id string
	core.Object
}

// usersOf lists what points at an object, by kind and name.
func (st *state) usersOf(k core.Kind, id string) []user {
	var list []user
	for _, objects := range st.objects {
		for other, o := range objects {
			if slices.ContainsFunc(o.Uses(), func(u core.Use) bool { return u.Kind == k && u.ID == id }) {
				list = append(list, user{other, o})
			}
		}
	}
	order.By(list, byKindAndName)
	return list
}

// allUsersOf lists for each object of a kind what points at it, by kind and name.
func (st *state) allUsersOf(k core.Kind) map[string][]user {
	all := map[string][]user{}
	for _, objects := range st.objects {
		for other, o := range objects {
			here := map[string]bool{}
			for _, u := range o.Uses() {
				if u.Kind == k && !here[u.ID] {
					here[u.ID] = true
					all[u.ID] = append(all[u.ID], user{other, o})
				}
			}
		}
	}
	for _, list := range all {
		order.By(list, byKindAndName)
	}
	return all
}

// place is where an object comes back to that was at a position.
func (st *state) place(k core.Kind, was int64) int64 {
	for _, r := range st.rows[k] {
		if r.Position == was {
			return st.last[k] + 1
		}
	}
	return was
}

func byKindAndName(a, b user) int {
	return cmp.Or(strings.Compare(string(a.Kind()), string(b.Kind())), strings.Compare(a.Called(), b.Called()), strings.Compare(a.id, b.id))
}

// concerned lists what may become wrong when an object changes: what points at it,
// and at a flow that runs it.
func (st *state) concerned(k core.Kind, id string) []user {
	users := st.usersOf(k, id)
	if k != core.KindFlow {
		return users
	}
	for other := range st.running(id) {
		if other != id {
			users = append(users, st.usersOf(k, other)...)
		}
	}
	order.By(users, byKindAndName)
	return slices.CompactFunc(users, func(a, b user) bool { return a.id == b.id })
}

// inUse is nil when nothing points at an object, else a Conflict that says what
// does.
func (st *state) inUse(k core.Kind, id string) error {
	return st.usedBy(k, id, st.usersOf(k, id))
}

// usedBy is the same with the objects that point at it known.
func (st *state) usedBy(k core.Kind, id string, users []user) error {
	var names []string
	for _, u := range users {
		names = append(names, "the "+u.Kind().Word()+" "+quoted(u.Called()))
	}
	for _, u := range st.staff {
		if k == core.KindSite && u.Site == id || k == core.KindTeam && slices.Contains(u.Teams, id) {
			names = append(names, "the user "+quoted(u.UserName))
		}
	}
	if len(names) == 0 {
		return nil
	}
	if len(names) > 5 {
		names = append(names[:5], "others")
	}
	text := names[0]
	if last := len(names) - 1; last > 0 {
		text = strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return errs.New(errs.Conflict, "This %s is used by %s. Change that first.", k.Word(), text)
}

func quoted(s string) string { return "“" + s + "”" }

// refs shows the state to one object as core/setup asks for it.
type refs struct {
	st   *state
	kind core.Kind // of the object that asks
	id   string
}

func (r refs) Has(k core.Kind, id string) bool {
	if k == core.KindUser {
		return r.st.users[id]
	}
	_, ok := r.st.objects[k][id]
	return ok
}

func (r refs) WrittenIn(k core.Kind, id string) []string {
	switch o := r.st.objects[k][id].(type) {
	case core.ConsentText:
		return slices.Sorted(maps.Keys(o.Text))
	case core.Prompt:
		return []string{o.Language}
	case core.Flow:
		g := r.st.graph(id)
		if g == nil {
			return nil
		}
		if languages, texts := flow.Written(g, r.st.graph); texts {
			return languages
		}
		return core.Languages // nothing is said in it
	}
	return nil
}

func (r refs) Self() string { return r.id }

func (r refs) Graph(id string) *flow.Graph { return r.st.graph(id) }

func (r refs) Queues() map[string]core.Queue {
	queues := map[string]core.Queue{}
	for id, o := range r.st.objects[core.KindQueue] {
		queues[id] = o.(core.Queue)
	}
	return queues
}

func (r refs) Names(k core.Kind) map[string]string {
	names := make(map[string]string, len(r.st.objects[k]))
	for id, o := range r.st.objects[k] {
		names[id] = o.Called()
	}
	return names
}

func (r refs) ChannelOf(entryPoint string) acd.Channel {
	e, _ := r.st.objects[core.KindEntryPoint][entryPoint].(core.EntryPoint)
	return e.Channel
}

func (r refs) RingGroups() map[string]core.RingGroup { return typed[core.RingGroup](r.st) }

func (r refs) ExtensionOf(phone string) string {
	p, _ := r.st.objects[core.KindPhone][phone].(core.Phone)
	return p.Extension
}

func (r refs) Agents() []core.Agent { return r.st.agents }

// Channels are those of the entry points that run the flow which asks, or one that
// runs it.
func (r refs) Channels() (channels []string) {
	running := r.st.running(r.id)
	for _, o := range r.st.objects[core.KindEntryPoint] {
		if e := o.(core.EntryPoint); running[e.Flow] && !slices.Contains(channels, string(e.Channel)) {
			channels = append(channels, string(e.Channel))
		}
	}
	slices.Sort(channels)
	return channels
}

// Languages are those of the entry points that run the flow which asks, or one
// that runs it, else the tenant's own.
func (r refs) Languages() []string {
	set := map[string]bool{}
	running := map[string]bool{}
	if r.kind == core.KindFlow {
		running = r.st.running(r.id)
	}
	for _, o := range r.st.objects[core.KindEntryPoint] {
		if e := o.(core.EntryPoint); running[e.Flow] {
			for _, l := range e.Languages {
				set[l] = true
			}
		}
	}
	if len(set) == 0 {
		return []string{cmp.Or(r.st.language, core.Languages[0])}
	}
	return slices.Sorted(maps.Keys(set))
}
