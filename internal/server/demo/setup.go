package demo

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	app "nubitalk/internal/app/setup"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
)

// Made is what SetUp left behind: ids by kind and name, users by user name.
type Made struct {
	IDs   map[setup.Kind]map[string]string
	Users map[string]string
}

// ID finds an object by its name, "" if there is none.
func (m Made) ID(k setup.Kind, name string) string { return m.IDs[k][name] }

// SetUp makes a tenant's set-up the demo's, starting from what every new tenant
// gets. Objects are found by name, so that running it again changes nothing. a
// is an administrator of the tenant; users is called once the skills, teams and
// sites exist, with their ids by name, and makes the tenant's users: id by user
// name.
func SetUp(ctx context.Context, s *app.Service, a access.Actor, t *Tenant, users func(made map[setup.Kind]map[string]string) (map[string]string, error)) (Made, error) {
	p := &planter{ctx: ctx, s: s, a: a, renames: t.Renames, made: Made{IDs: map[setup.Kind]map[string]string{}}}
	p.look()
	for _, name := range t.Skills {
		p.put(name, setup.Skill{Name: name})
	}
	for _, name := range t.Teams {
		p.put(name, setup.Team{Name: name})
	}
	for _, name := range t.Sites {
		p.put(name, setup.Site{Name: name})
	}
	if p.err == nil {
		p.made.Users, p.err = users(maps.Clone(p.made.IDs))
	}
	for _, h := range t.Hours {
		p.put(h.Name, h)
	}
	for _, d := range t.Dispositions {
		p.put(d.Name, d)
	}
	for _, l := range t.Labels {
		p.put(l.Name, l)
	}
	for _, q := range t.Queues {
		p.put(q.Name, p.queue(q))
	}
	for _, c := range t.ConsentTexts {
		p.put(c.Name, c)
	}
	for _, f := range t.Flows {
		p.put(f.Name, setup.NewFlow(f.Name, p.graph(f.Graph)))
	}
	for _, e := range t.EntryPoints {
		e.Flow, e.ConsentText = p.id(setup.KindFlow, e.Flow), p.id(setup.KindConsentText, e.ConsentText)
		p.put(e.Name, e)
	}
	for _, r := range t.Canned {
		r.Queue = p.id(setup.KindQueue, r.Queue)
		p.put(r.Title, r)
	}
	for _, r := range t.AlertRules {
		p.put(r.Name, r)
	}
	for _, f := range t.Forms {
		p.put(f.Name, f)
	}
	for _, q := range t.Samples {
		q.Form, q.Evaluators = p.id(setup.KindQualityForm, q.Form), slices.Clone(q.Evaluators)
		for i, u := range q.Evaluators {
			q.Evaluators[i] = p.id(setup.KindUser, u)
		}
		p.put(q.Name, q)
	}
	return p.made, p.err
}

// planter puts objects in until one fails.
type planter struct {
	ctx     context.Context
	s       *app.Service
	a       access.Actor
	renames map[setup.Kind]map[string]string
	made    Made
	err     error
}

// look notes what is there already, under the names that the demo gives it.
func (p *planter) look() {
	for _, k := range setup.Kinds {
		p.made.IDs[k] = map[string]string{}
		if p.err != nil {
			return
		}
		var list []app.Object
		if list, p.err = p.s.List(p.ctx, p.a, k, false); p.err != nil {
			return
		}
		for _, o := range list {
			v, err := setup.Stored(k, o.Body)
			if err != nil {
				p.err = err
				return
			}
			name := v.Called()
			if to, ok := p.renames[k][name]; ok {
				name = to
			}
			p.made.IDs[k][name] = o.ID
		}
	}
}

// put makes an object, or changes the one of that name.
func (p *planter) put(name string, o setup.Object) {
	if p.err != nil {
		return
	}
	k := o.Kind()
	body, err := json.Marshal(o)
	if err != nil {
		p.err = errs.Wrap(errs.Internal, err, "The demo's %s cannot be written.", k.Word())
		return
	}
	var now app.Object
	if old := p.made.ID(k, name); old == "" {
		now, p.err = p.s.Create(p.ctx, p.a, k, body)
	} else if now, p.err = p.s.Get(p.ctx, p.a, k, old); p.err == nil {
		now, p.err = p.s.Put(p.ctx, p.a, k, old, now.Version, body)
	}
	p.made.IDs[k][name] = now.ID
}

// id finds the id of a name; "" stays "".
func (p *planter) id(k setup.Kind, name string) string {
	got := p.made.ID(k, name)
	if k == setup.KindUser {
		got = p.made.Users[name]
	}
	if got == "" && name != "" && p.err == nil {
		p.err = errs.New(errs.Internal, "The demo names the %s %q, which it does not make.", k.Word(), name)
	}
	return got
}

func (p *planter) queue(q setup.Queue) setup.Queue {
	members := make([]string, 0, len(q.Members))
	for _, m := range q.Members {
		members = append(members, p.id(setup.KindUser, m))
	}
	q.Members = members
	q.Needs = slices.Clone(q.Needs)
	for i := range q.Needs {
		q.Needs[i].Skill = p.id(setup.KindSkill, q.Needs[i].Skill)
	}
	q.Hours = p.id(setup.KindHours, q.Hours)
	return q
}

func (p *planter) graph(g flow.Graph) flow.Graph {
	out := flow.Graph{Start: g.Start, Nodes: map[string]flow.Node{}}
	for name, n := range g.Nodes {
		n.Queue, n.Hours = p.id(setup.KindQueue, n.Queue), p.id(setup.KindHours, n.Hours)
		skills := map[string]int{}
		for s, level := range n.Skills {
			skills[p.id(setup.KindSkill, s)] = level
		}
		n.Skills = skills
		out.Nodes[name] = n
	}
	return out
}
