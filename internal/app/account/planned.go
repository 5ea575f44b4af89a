package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/userfile"
	"nubitalk/internal/store"
)

// Verdict says what becomes of a user.
type Verdict string

const (
	WillBeNew Verdict = "new"
	WillStay  Verdict = "unchanged"
	WillMove  Verdict = "changed"
	WillNot   Verdict = "refused"
)

// UserEffect is what a change of several users does to one of them, or an import
// to one of a file.
type UserEffect struct {
	Line     int           `json:"line,omitempty" doc:"Of the file."`
	User     string        `json:"user,omitempty" doc:"Absent: it does not exist yet."`
	UserName string        `json:"user_name"`
	Verdict  Verdict       `json:"verdict" enum:"new,changed,unchanged,refused"`
	Changes  []ValueChange `json:"changes" nullable:"false"`
	Problems []ValueFault  `json:"problems" nullable:"false" doc:"Why it is refused."`
	Mail     bool          `json:"mail,omitempty" doc:"It is new, and has an email address to which its invitation can be sent."`
	Language string        `json:"language,omitempty" doc:"Of who has one: the language of the email."`
}

// ValueChange is one value of a user, as a file of users has it.
type ValueChange struct {
	Column string `json:"column"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// ValueFault is what is wrong with one value.
type ValueFault struct {
	Column  string `json:"column"`
	Problem string `json:"problem" doc:"In a sentence, in the reader's language."`
}

// EffectCount counts verdicts.
type EffectCount struct {
	New       int `json:"new"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Refused   int `json:"refused"`
}

func countEffects(list []UserEffect) (c EffectCount) {
	for _, e := range list {
		switch e.Verdict {
		case WillBeNew:
			c.New++
		case WillMove:
			c.Changed++
		case WillStay:
			c.Unchanged++
		case WillNot:
			c.Refused++
		}
	}
	return c
}

// seenWord is a digest of effects: who asks for them to be carried out sends it,
// and when they are not the same any more nothing is done.
func seenWord(list []UserEffect) string {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode(list) // strings and numbers only
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// planned is a user and what is to become of it.
type planned struct {
	UserEffect
	before store.UserRow // no ID for one that does not exist yet
	after  store.UserRow
	change UserChange
	made   NewUser
	faults errs.Fields
}

// roster is what has to be known of an organisation to say what would become
// of its users.
type roster struct {
	org       store.OrganisationRow
	users     []store.UserRow // that are not deleted, by id
	byID      map[string]int
	byKey     map[string]int
	teams     places
	sites     places
	skills    places
	queues    places
	campaigns places
	roles     []store.RoleRow
	own       places // roles

	rulers map[string]bool // users without whom nobody may be left to manage the others
	glass  string          // the account for emergencies
	most   *int64          // agents
	agents int64
}

// places are the teams, the sites or the skills, or the tenant's own roles.
type places struct {
	names map[string]string // by id
	ids   map[string]string // of those in use, by folded name; "" where several are called so
}

func (p *places) add(id, name string, archived bool) {
	if p.names == nil {
		p.names, p.ids = map[string]string{}, map[string]string{}
	}
	p.names[id] = name
	if archived {
		return
	}
	key := userfile.Fold(name)
	if _, taken := p.ids[key]; taken {
		id = ""
	}
	p.ids[key] = id
}

// readRoster reads it within one transaction.
func (s *Service) readRoster(tx *store.Tx) (*roster, error) {
	d := &roster{byID: map[string]int{}, byKey: map[string]int{}, rulers: map[string]bool{}}
	var err error
	if d.org, err = tx.Organisation(); err != nil {
		return nil, err
	}
	if d.users, err = tx.Users(); err != nil {
		return nil, err
	}
	d.users = slices.DeleteFunc(d.users, func(u store.UserRow) bool { return u.Status == string(Deleted) })
	for i, u := range d.users {
		d.byID[u.ID], d.byKey[u.UserNameKey] = i, i
		if isAgent(u) {
			d.agents++
		}
		if !rules(u, d.org) {
			continue
		}
		if d.rulers[u.ID], err = comesIn(tx, u); err != nil {
			return nil, err
		}
	}
	d.most = d.org.Limits.Agents
	if d.roles, err = tx.Roles(); err != nil {
		return nil, err
	}
	for _, r := range d.roles {
		d.own.add(r.ID, r.Name, false)
	}
	for kind, to := range map[string]*places{"teams": &d.teams, "sites": &d.sites, "skills": &d.skills, "queues": &d.queues, "campaigns": &d.campaigns} {
		if *to, err = placeNames(tx, kind); err != nil {
			return nil, err
		}
	}
	o, _, err := readSignOn(tx)
	if err == nil {
		d.glass = o.BreakGlass
	} else if !errs.Is(err, errs.NotFound) {
		return nil, err
	}
	return d, nil
}

func placeNames(tx *store.Tx, kind string) (out places, err error) {
	rows, err := tx.SetupOf(kind)
	for _, r := range rows {
		var body struct {
			Name string `json:"name"`
		}
		if err == nil {
			err = json.Unmarshal(r.Body, &body)
		}
		out.add(r.ID, body.Name, !r.ArchivedAt.IsZero())
	}
	return out, err
}

// find is the id of what a person calls so: an id, or a name that only one has.
func (p *places) find(word string) string {
	if _, ok := p.names[word]; ok {
		return word
	}
	return p.ids[userfile.Fold(word)]
}

// call is what a file calls a team, a site or a skill, so that find finds it.
func (p *places) call(object string) string {
	if name := p.names[object]; userfile.Listed(name) && p.find(name) == object {
		return name
	}
	return object
}

// roleWords are the built-in roles as screens call them.
var roleWords = map[access.Role][]string{
	access.Administrator: {"administrador"}, access.Supervisor: {}, access.Agent: {"agente"}, access.Monitor: {"observador"},
	access.PrivacyOfficer: {"responsavel pela privacidade"}, access.ResellerRole: {"revendedor"}, access.OperatorRole: {"operador"},
}

// role is the role that a person calls so.
func (d *roster) role(word string) access.Role {
	if _, ok := d.own.names[word]; ok {
		return access.Role(word)
	}
	for _, r := range rolesOf(Kind(d.org.Kind)) {
		if folded := userfile.Fold(word); folded == userfile.Fold(string(r)) || slices.Contains(roleWords[r], folded) {
			return r
		}
	}
	return access.Role(d.own.find(word))
}

// callRole is what a file calls a role.
func (d *roster) callRole(r access.Role) string {
	for _, o := range d.roles {
		if o.ID == string(r) && userfile.Listed(o.Name) && d.role(o.Name) == r {
			return o.Name
		}
	}
	return string(r)
}

// resolve reads the tenant's own ones among a user's roles.
func (d *roster) resolve(u *store.UserRow) {
	u.Custom = nil
	for _, r := range d.roles {
		if slices.Contains(u.Roles, r.ID) {
			u.Custom = append(u.Custom, r.Custom())
		}
	}
}

// judge says of each, in order, why it would be refused, and what changes.
func (s *Service) judge(ctx context.Context, d *roster, a access.Actor, list []*planned) error {
	for _, p := range list {
		if p.before.ID != "" {
			if err := mayManage(a, p.before); err != nil {
				p.faults.Add("", "%s", errs.As(err).Text)
			}
		}
		d.resolve(&p.after)
		if !slices.Equal(p.before.Roles, p.after.Roles) || !sameParts(p.before.Parts, p.after.Parts) {
			checkGiven(&p.faults, a, p.before, p.after, "roles")
		}
		if len(p.faults) == 0 {
			d.keep(p)
		}
		if err := s.say(ctx, d, p); err != nil {
			return err
		}
	}
	return nil
}

// keep refuses what would leave the organisation without whom it needs, or make
// too many agents; else it counts the change.
func (d *roster) keep(p *planned) {
	leaves := rules(p.before, d.org) && !rules(p.after, d.org)
	able := 0
	for _, can := range d.rulers {
		if can {
			able++
		}
	}
	switch {
	case leaves && (able == 0 || able == 1 && d.rulers[p.before.ID]):
		p.faults.Add("", "%s", errs.As(lastRuler(d.org)).Text)
		return
	case leaves && d.glass == p.before.ID:
		p.faults.Add("", "%s", errs.As(isGlass()).Text)
		return
	}
	if isAgent(p.after) && !isAgent(p.before) && d.most != nil && d.agents >= *d.most {
		p.faults = append(p.faults, errs.As(fullOfAgents("roles", 1, *d.most, d.agents)).Fields...)
		return
	}
	if leaves {
		delete(d.rulers, p.before.ID)
	}
	d.agents += btoi(isAgent(p.after)) - btoi(isAgent(p.before))
}

func btoi(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// say writes down the verdict.
func (s *Service) say(ctx context.Context, d *roster, p *planned) error {
	p.User, p.Changes, p.Problems = p.before.ID, []ValueChange{}, []ValueFault{}
	if p.UserName == "" {
		p.UserName = p.after.UserName
	}
	for _, f := range p.faults {
		p.Problems = append(p.Problems, ValueFault{f.Path, f.Problem})
	}
	var err error
	if p.before.ID != "" && len(p.faults) == 0 {
		p.Changes, err = s.differences(ctx, d, p)
	}
	switch {
	case len(p.Problems) > 0:
		p.Verdict = WillNot
	case p.before.ID == "":
		p.Verdict = WillBeNew
	case len(p.Changes) > 0:
		p.Verdict = WillMove
	default:
		p.Verdict = WillStay
	}
	return err
}

// differences are the values that change, as a file has them.
func (s *Service) differences(ctx context.Context, d *roster, p *planned) ([]ValueChange, error) {
	was, is := d.cells(p.before), d.cells(p.after)
	profile, err := s.openProfile(ctx, d.org.ID, p.before.ID, p.before.ProfileSealed)
	if err != nil {
		return nil, err
	}
	personal(was, profile)
	personal(is, p.change.Profile.Of(profile))
	out := []ValueChange{}
	for _, c := range slices.Concat(userfile.Work, userfile.Personal) {
		if was[c] != is[c] {
			out = append(out, ValueChange{string(c), was[c], is[c]})
		}
	}
	if was, is := s.status(p.before), s.status(p.after); was != is {
		out = append(out, ValueChange{"status", was, is})
	}
	return out, nil
}

// status is an account's, or that it is closed for a while.
func (s *Service) status(u store.UserRow) string {
	if u.Status == string(Active) && s.now().Before(u.LockedUntil) {
		return string(IsLockedOut)
	}
	if u.Status == string(Locked) && u.ByDirectory {
		return string(IsLockedByDirectory)
	}
	return u.Status
}

// cells are a user's as a file has them, without what is personal.
func (d *roster) cells(u store.UserRow) map[userfile.Column]string {
	var roles, teams, skills []string
	for _, r := range u.Roles {
		roles = append(roles, d.callRolePart(access.Role(r), u.Parts))
	}
	for _, t := range u.Teams {
		teams = append(teams, d.teams.call(t))
	}
	for skill, level := range u.Skills {
		skills = append(skills, d.skills.call(skill)+"="+strconv.Itoa(level))
	}
	for _, list := range [][]string{roles, teams, skills} {
		slices.Sort(list)
	}
	cells := map[userfile.Column]string{userfile.UserName: u.UserName, userfile.Roles: userfile.JoinList(roles), userfile.Teams: userfile.JoinList(teams),
		userfile.Skills: userfile.JoinList(skills), userfile.Language: u.Language}
	if u.Site != "" {
		cells[userfile.Site] = d.sites.call(u.Site)
	}
	return cells
}

func personal(cells map[userfile.Column]string, p Profile) {
	cells[userfile.DisplayName], cells[userfile.Email], cells[userfile.Phone] = p.DisplayName, p.Email, p.Phone
}

// batch is how many users are changed in one transaction: others wait for no
// more than that.
const batch = 100

// carryOut does what was planned, some at a time, and says of each what became of
// it. An error means that it ended there: what is done says so.
func (s *Service) carryOut(ctx context.Context, a access.Actor, d *roster, list []*planned) error {
	todo := slices.DeleteFunc(slices.Clone(list), func(p *planned) bool { return p.Verdict != WillBeNew && p.Verdict != WillMove })
	done := 0
	var ended []string
	var err error
	for some := range slices.Chunk(todo, batch) {
		var gone []string
		if gone, err = s.carryOutSome(ctx, a, d, some); err != nil {
			break
		}
		ended = append(ended, gone...)
		done += len(some)
	}
	for _, p := range todo[done:] {
		p.refuse("", errs.As(err).Text)
	}
	if done == 0 {
		return err
	}
	if len(ended) > 0 {
		s.tell(a.Tenant, Change{Sessions: ended, Reason: EndedByAdmin})
	}
	s.tell(a.Tenant, Change{})
	s.tellSetup(a.Tenant, "")
	return nil
}

func (p *planned) refuse(column, text string) {
	p.Verdict, p.Problems = WillNot, append(p.Problems, ValueFault{column, text})
}

func (s *Service) carryOutSome(ctx context.Context, a access.Actor, d *roster, some []*planned) (ended []string, err error) {
	type refusal struct {
		p   *planned
		err error
	}
	var refused []refusal
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		ended, refused = nil, nil
		room := &agentRoom{s: s, tx: tx}
		for _, p := range some {
			gone, err := s.carryOutOne(ctx, tx, a, d, p, room)
			switch {
			case err == nil:
				ended = append(ended, gone...)
			case errs.Is(err, errs.Invalid) || errs.Is(err, errs.Conflict) || errs.Is(err, errs.Forbidden) || errs.Is(err, errs.NotFound):
				refused = append(refused, refusal{p, err})
			default:
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, r := range refused {
		e := errs.As(r.err)
		if len(e.Fields) == 0 {
			r.p.refuse("", e.Text)
		}
		for _, f := range e.Fields {
			r.p.refuse(columnOfPath(f.Path), f.Problem)
		}
	}
	return ended, nil
}

func (s *Service) carryOutOne(ctx context.Context, tx *store.Tx, a access.Actor, d *roster, p *planned, room *agentRoom) (ended []string, err error) {
	if p.before.ID == "" {
		if _, err := tx.UserByName(p.after.UserNameKey); err == nil {
			return nil, nameTaken(errs.New(errs.Conflict, "This name is taken. Please choose another."), "user_name")
		} else if !errs.Is(err, errs.NotFound) {
			return nil, err
		}
		row := p.after
		if err := s.mayGive(tx, a, store.UserRow{}, &row, "roles"); err != nil {
			return nil, err
		}
		return nil, s.insertUser(tx, a, row, room)
	}
	u, err := tx.User(p.before.ID)
	if err != nil {
		return nil, err
	}
	if u.Status == string(Deleted) {
		return nil, noSuchUser()
	}
	if len(changed(p.before, u)) > 0 || u.Language != p.before.Language { // a sign-in meanwhile changes none of these
		return nil, errs.New(errs.Conflict, "This user was changed by someone else in the meantime.")
	}
	before := u
	detail, ended, err := s.changeIn(ctx, tx, a, d.org, &u, p.change, room)
	if err != nil {
		return nil, err
	}
	u.UpdatedAt = s.now()
	noteEndRight(before, &u, s.now())
	if err := tx.UpdateUser(u); err != nil {
		return nil, err
	}
	return ended, s.Audit.Record(tx, a, "user.changed", "user", u.ID, detail)
}

// longHash hashes a password of ours that is too long to be tried out (138 bits;
// OWASP ASVS 5.0, 6.5.2): it need not be slow, and the first sign-in makes it anew.
func (s *Service) longHash(ctx context.Context, password secret.Text) (string, error) {
	h := hasher{cost: cost{1, 1 << 10}, turns: s.hash.turns, queue: s.hash.queue}
	return h.make(ctx, password)
}
