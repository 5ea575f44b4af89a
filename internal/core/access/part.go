package access

import (
	"slices"

	"nubitalk/internal/base/id"
)

// RolePart is a part of a tenant that a role is given for: what belongs to one of its
// teams, one of its queues or one of its campaigns. A further kind of thing is a further
// field, here and in lists.
type RolePart struct {
	Teams  []string `json:"teams,omitempty" nullable:"false" doc:"Team ids: what belongs to users of these teams."`
	Queues []string `json:"queues,omitempty" nullable:"false" doc:"Queue ids: what belongs to these queues."`
	// Campaigns are those whose calls, contacts and lists it reaches.
	Campaigns []string `json:"campaigns,omitempty" nullable:"false" doc:"Campaign ids: these campaigns, their contact lists, and the calls that were made in them."`
}

// kinds is how many kinds of things a part is made of.
const kinds = 3

func (p *RolePart) lists() [kinds]*[]string {
	return [kinds]*[]string{&p.Teams, &p.Queues, &p.Campaigns}
}

// Size is how many teams, queues and campaigns it names.
func (p RolePart) Size() int { return len(p.Teams) + len(p.Queues) + len(p.Campaigns) }

// Empty says whether it reaches nothing.
func (p RolePart) Empty() bool { return p.Size() == 0 }

// Has says whether something that belongs to the teams, queues and campaigns of o is in the part.
func (p RolePart) Has(o RolePart) bool {
	theirs := o.lists()
	for kind, mine := range p.lists() {
		for _, one := range *mine {
			if slices.Contains(*theirs[kind], one) {
				return true
			}
		}
	}
	return false
}

// Covers says whether all of o is in the part.
func (p RolePart) Covers(o RolePart) bool {
	theirs := o.lists()
	for kind, mine := range p.lists() {
		for _, one := range *theirs[kind] {
			if !slices.Contains(*mine, one) {
				return false
			}
		}
	}
	return true
}

// And is what is in one or in the other, sorted.
func (p RolePart) And(o RolePart) (out RolePart) {
	mine, theirs := p.lists(), o.lists()
	for kind, to := range out.lists() {
		*to = slices.Compact(slices.Sorted(slices.Values(slices.Concat(*mine[kind], *theirs[kind]))))
	}
	return out
}

// Equal says whether two are the same, in whatever order they are written.
func (p RolePart) Equal(o RolePart) bool { return p.Covers(o) && o.Covers(p) }

// narrows says, by permission, what it reaches in a role that is given for a part.
// What is not in it reaches everything or nothing of the tenant and therefore nothing
// in such a role. Permissions that only reach what one holds oneself stay as they are.
var narrows = map[Permission]Narrowed{
	WorkHandle:      {Reach: SomeOf, Of: interactions},
	WorkRead:        {Reach: SomeOf, Of: interactions},
	WorkSearch:      {Reach: SomeOf, Of: interactions},
	NoteWrite:       {Reach: SomeOf, Of: interactions},
	CallPark:        {Reach: SomeOf, Of: calls},
	CallExport:      {Reach: SomeOf, Of: calls},
	CallNumbers:     {Reach: SomeOf, Of: calls},
	RecListen:       {Reach: SomeOf, Of: recordings},
	RecExport:       {Reach: SomeOf, Of: recordings},
	RecControl:      {Reach: SomeOf, Of: recordings},
	RecShare:        {Reach: SomeOf, Of: recordings},
	QualityRead:     {Reach: SomeOf, Of: evaluations},
	QualityEvaluate: {Reach: SomeOf, Of: evaluations},
	QualityExport:   {Reach: SomeOf, Of: evaluations},
	FloorWatch:      {Reach: SomeOf, Of: floor},
	FloorManage:     {Reach: SomeOf, Of: floor},
	AlertManage:     {Reach: SomeOf, Of: alerts},
	CampaignManage:  {Reach: SomeOf, Of: campaigns, byCampaign: true},
	UserRead:        {Reach: SomeOf, Of: users},
	ContactRead:     {Reach: SomeOf, Of: contacts},
	ContactWrite:    {Reach: SomeOf, Of: contacts},
	CannedRead:      {Reach: Tenant, Of: whole},
	SetupRead:       {Reach: Tenant, Of: whole},
}

// Narrowed is one row of narrows.
type Narrowed struct {
	Reach Scope
	Of    Said
	// byCampaign: only the campaigns of a part count; one without any reaches nothing.
	byCampaign bool
}

// of is what of a part counts.
func (n Narrowed) of(p RolePart) RolePart {
	if n.byCampaign {
		return RolePart{Campaigns: p.Campaigns}
	}
	return p
}

// Said is a sentence in both languages.
type Said struct{ English, Portuguese string }

// In is the sentence in a language; "pt" or else English.
func (s Said) In(language string) string {
	if language == "pt" {
		return s.Portuguese
	}
	return s.English
}

// What of each kind of thing is in a part.
var (
	interactions = Said{"Interactions that are in one of the queues, or were in it last, those that somebody of the teams has, or had last, and calls that were made in one of the campaigns.",
		"Interações que estão numa das filas, ou lá estiveram por último, as que alguém das equipas tem, ou teve por último, e chamadas que foram feitas numa das campanhas."}
	calls       = Said{"Calls of such interactions; none between phones.", "Chamadas dessas interações; nenhuma entre telefones."}
	recordings  = Said{"Recordings of such interactions.", "Gravações dessas interações."}
	evaluations = Said{"Evaluations of such recordings, and of agents in the teams. No forms, samples or calibrations.",
		"Avaliações dessas gravações e de agentes das equipas. Sem formulários, amostras nem calibrações."}
	floor = Said{"The queues, what waits and runs in them, and the agents who serve them; the agents of the teams and what they have in hand; how far the campaigns are, and their calls.",
		"As filas, o que nelas espera e decorre, e os agentes que as atendem; os agentes das equipas e o que têm em mãos; a que ponto estão as campanhas, e as suas chamadas."}
	campaigns = Said{"The campaigns themselves, and the contact lists that they call, which change only where no other campaign calls them. No new campaigns or lists, and not the do-not-call list.",
		"As próprias campanhas, e as listas de contactos que chamam, que só mudam onde mais nenhuma campanha as chama. Sem campanhas ou listas novas, nem a lista de números a não chamar."}
	alerts   = Said{"Alerts about such queues and agents, to acknowledge. Their rules stay as they are.", "Alertas sobre essas filas e agentes, para marcar como vistos. As regras ficam como estão."}
	users    = Said{"The users of the teams.", "Os utilizadores das equipas."}
	contacts = Said{"Contacts who have or had such an interaction.", "Contactos que têm ou tiveram uma dessas interações."}
	whole    = Said{"All of it: it says nothing of persons.", "Tudo: nada diz de pessoas."}
)

// NarrowedOf is what a permission reaches in a role that is given for a part; false
// for one that reaches nothing in such a role.
func NarrowedOf(p Permission) (Narrowed, bool) {
	n, ok := narrows[p]
	return n, ok
}

// Narrowable says whether a role of this base can be given for a part: one that rules
// the organisation cannot, and for agents their queues and skills say what they do.
// A tenant's own role can, whatever it began as, unless it began as administrator.
func Narrowable(r, base Role) bool {
	if IsCustom(r) {
		return base != Administrator
	}
	return r == Supervisor || r == Monitor || r == PrivacyOfficer
}

// narrowed is how far a permission reaches by one of the actor's roles, which gives
// it as far as s where it is given for everything.
func (a *Actor) narrowed(r Role, p Permission, s Scope) Scope {
	if s != Tenant || len(a.Parts) == 0 {
		return s
	}
	part, narrow := a.Parts[r]
	if !narrow {
		return s
	}
	n := narrows[p]
	if n.byCampaign && len(part.Campaigns) == 0 {
		return None
	}
	return n.Reach
}

// PartOf is what a permission reaches for who has it for a part of the tenant, by all
// of its roles together; lists are narrowed by it.
func PartOf(a Actor, p Permission) (out RolePart) {
	a.eachPart(p, func(part RolePart) bool {
		out = out.And(part)
		return true
	})
	return out
}

// eachPart goes through the parts for which the actor has a permission.
func (a *Actor) eachPart(p Permission, each func(RolePart) bool) {
	n := narrows[p]
	if len(a.Parts) == 0 || n.Reach != SomeOf || a.shut(p) {
		return
	}
	for _, r := range a.Roles {
		if part, ok := a.Parts[r]; ok && a.gives(r, p) == Tenant && !each(n.of(part)) {
			return
		}
	}
}

// gives is how far a role of the actor's would reach, if it were given for everything.
func (a *Actor) gives(r Role, p Permission) Scope {
	for i := range a.Custom {
		if a.Custom[i].ID == r {
			return a.Custom[i].reach(p)
		}
	}
	return grants[p][r]
}

// Over is how far the actor's permission reaches to one thing: None if not at all,
// Own if it is only because it holds the thing.
func Over(a Actor, p Permission, t Thing) Scope {
	if t.Tenant != a.Tenant {
		return None
	}
	if len(a.Parts) == 0 || a.Support != nil {
		return over(&a, t, Reach(a, p))
	}
	if p == Public {
		return Tenant
	}
	if a.shut(p) {
		return None
	}
	builtIn, n := grants[p], narrows[p]
	best := None
	for _, r := range a.Roles {
		s := builtIn[r]
		if len(a.Custom) > 0 {
			s = a.gives(r, p)
		}
		if s == Tenant {
			if part, ok := a.Parts[r]; ok {
				if n.Reach == SomeOf && n.of(part).Has(t.In) {
					best = max(best, SomeOf)
				}
				if s = n.Reach; s == SomeOf {
					s = None
					if HasOwn(p) {
						s = Own
					}
				}
			}
		}
		if s == Tenant {
			return Tenant
		}
		if s == Own && best == None {
			best = Own
		}
	}
	return over(&a, t, best)
}

// over is how far a reach goes to a thing: Own only to what the actor holds.
func over(a *Actor, t Thing, reach Scope) Scope {
	if reach == Own && !slices.Contains(t.Holders, a.User) && !a.Support.holds(t) || reach == Below {
		return None
	}
	return reach
}

// AsNobody is the actor as if nothing were its own: what it may by its roles alone.
func (a Actor) AsNobody() Actor {
	a.User = "-"
	return a
}

// HasOwn says whether some role has a permission for what it holds itself. Who has it
// for a part of the tenant has it for that, too.
func HasOwn(p Permission) bool { return owned[p] }

var owned = func() map[Permission]bool {
	m := map[Permission]bool{}
	for p, roles := range grants {
		for _, s := range roles {
			m[p] = m[p] || s == Own
		}
	}
	return m
}()

// Some is the thing of a tenant that belongs to teams, queues and campaigns.
func Some(t id.Tenant, in RolePart) Thing { return Thing{Tenant: t, In: in} }
