package server

import (
	"context"
	"net/http"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/base/service"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/store"
)

// demoSeed makes every demo's week of history the same.
const demoSeed = 7

// Demo is what a demonstration holds, as `nubitalk demo --json` prints it.
type Demo struct {
	BaseURL     string           `json:"base_url"`
	Logins      []DemoLogin      `json:"logins"`
	EntryPoints []DemoEntryPoint `json:"entry_points"`
	MetricsURL  string           `json:"metrics_url,omitempty"`
	SIP         []string         `json:"sip,omitempty"` // where telephones are heard, e.g. udp://127.0.0.1:5060
	Mail        DemoMail         `json:"mail"`
}

// DemoLogin is a user to sign in as.
type DemoLogin struct {
	Organisation string        `json:"organisation"`
	UserName     string        `json:"user_name"`
	Password     string        `json:"password"`
	Roles        []access.Role `json:"roles"`
	Try          string        `json:"try,omitempty"`
}

// DemoEntryPoint is where a visitor's chat or call arrives.
type DemoEntryPoint struct {
	ID           string      `json:"id"`
	Organisation string      `json:"organisation"`
	Channel      acd.Channel `json:"channel"`
	Name         string      `json:"name"`
	Page         string      `json:"page,omitempty"` // a web page that carries the widget, or that calls
}

// demoPages are the paths of web pages that carry a widget, by the entry point's
// name.
var demoPages = map[string]string{demo.ShopEntry: "/shop/", demo.ClosedEntry: "/shop-closed/"}

// seeder puts the demo's content into an installation. Every step looks at what
// is there already, so that a demo goes on where it was, also after a crash
// while it was being made.
type seeder struct {
	*Server
	demo Demo
	hash string // of demo.Password, made once
	orgs map[string]account.Organisation
	mail *demoMail
	DemoTerms
}

// WithDemo makes the node a demonstration: its content is put in before
// browsers are served. Call it before Start.
func (s *Server) WithDemo() { s.demo = &seeder{Server: s, orgs: map[string]account.Organisation{}} }

// DemoTerms are what a demonstration may be made without or with.
type DemoTerms struct {
	UserNamesAlone bool // users have user names and nothing else that says who they are
	Unhurried      bool // offers last 50 seconds, wrap-ups five minutes, and a lost browser's work stays a minute
}

// grace is how long a lost browser's work stays; 0: as always.
func (d *seeder) grace() time.Duration {
	if d != nil && d.Unhurried {
		return time.Minute
	}
	return 0
}

// WithDemoOf makes the node a demonstration on these terms. Call it before Start.
func (s *Server) WithDemoOf(terms DemoTerms) {
	s.WithDemo()
	s.demo.DemoTerms = terms
}

// Demo tells what the demonstration holds, after Start.
func (s *Server) Demo() Demo {
	d := s.demo.demo
	d.BaseURL, d.SIP = s.URL(), s.conf.SIP.Listen
	d.Mail = s.demo.mail.told(d.BaseURL)
	if s.figures.at != nil {
		d.MetricsURL = "http://" + s.figures.at.String() + "/metrics"
	}
	for i, e := range d.EntryPoints {
		if path, ok := demoPages[e.Name]; ok {
			d.EntryPoints[i].Page = d.BaseURL + path
		} else if e.Channel == acd.Email {
			d.EntryPoints[i].Page = d.BaseURL + mailPage
		} else if e.Channel == acd.Voice {
			d.EntryPoints[i].Page = d.BaseURL + "/phone/#" + e.ID
		}
	}
	return d
}

// part is the seeder as a part that starts after the floors and before the web.
func (d *seeder) part() service.Service { return service.Func{OnStart: d.seed} }

func (d *seeder) seed(ctx context.Context) error {
	for _, o := range demo.Organisations() {
		if err := d.organisation(ctx, o); err != nil {
			return err
		}
	}
	for _, o := range d.orgs { // so that their use is there to look at
		if err := d.parts.usage.CountNow(ctx, o.ID); err != nil {
			return err
		}
	}
	return nil
}

// shop serves the pages that carry the widget, once the address is known.
func (d *seeder) shop() {
	for _, e := range d.demo.EntryPoints {
		if path, ok := demoPages[e.Name]; ok {
			d.web.mux.Handle(path, http.StripPrefix(path[:len(path)-1], demo.ShopHandler(d.URL(), e.ID)))
		}
	}
	d.web.mux.Handle(mailPage, http.StripPrefix(mailPage[:len(mailPage)-1], demo.MailHandler(d.mail)))
}

func (d *seeder) organisation(ctx context.Context, o demo.Organisation) error {
	org, first, err := d.found(ctx, o)
	if err != nil {
		return err
	}
	d.orgs[o.Slug] = org
	admin := access.Actor{Tenant: org.ID, User: first, Roles: o.Users[0].Roles}
	if err := d.openAccount(ctx, org.ID, first); err != nil {
		return err
	}
	for _, u := range o.Users {
		d.demo.Logins = append(d.demo.Logins, DemoLogin{Organisation: o.Slug, UserName: u.Name, Password: demo.Password, Roles: u.Roles, Try: u.Try})
	}
	if o.Tenant == nil {
		return nil
	}
	for i := range o.Tenant.Queues {
		if q := &o.Tenant.Queues[i]; d.Unhurried {
			q.OfferSeconds, q.WrapUpSeconds = 50, 300
		}
	}
	made, err := demo.SetUp(ctx, d.parts.setup, admin, o.Tenant, func(made map[setup.Kind]map[string]string) (map[string]string, error) {
		return d.users(ctx, admin, o, made)
	})
	if err != nil {
		return err
	}
	if err := d.entries(ctx, admin, o.Slug); err != nil {
		return err
	}
	d.founded(ctx, org.ID)
	if o.Slug == demo.DemoSlug {
		if err := d.mail.connect(ctx, d.parts.setup, admin, made); err != nil {
			return err
		}
		if err := d.history(ctx, org.ID, made); err != nil {
			return err
		}
		if err := d.recorded(ctx, org.ID, made.Users[demo.FirstAgent]); err != nil {
			return err
		}
		return d.judged(ctx, org.ID, made)
	}
	return nil
}

// found makes an organisation, or finds it, with its first user.
func (d *seeder) found(ctx context.Context, o demo.Organisation) (account.Organisation, string, error) {
	var row store.OrganisationRow
	err := d.keepers.db.SystemRead(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.OrganisationBySlug(o.Slug)
		return err
	})
	if err == nil && row.Status == string(account.Active) {
		first, err := d.userID(ctx, row.ID, o.Administrator)
		return account.Organisation{ID: row.ID, Slug: row.Slug}, first, err
	}
	if err != nil && !errs.Is(err, errs.NotFound) {
		return account.Organisation{}, "", err
	}
	if o.Kind == account.KindOperator {
		org, user, err := d.parts.accounts.Install(ctx, o.NewOrganisation, secret.New(demo.Password), false)
		return org, user.ID, err
	}
	parent := d.orgs[o.Parent]
	role := access.OperatorRole
	if o.Parent == demo.ResellerSlug {
		role = access.ResellerRole
	}
	org, user, _, err := d.parts.accounts.CreateOrganisation(ctx, access.Actor{Tenant: parent.ID, User: "system", Roles: []access.Role{role}}, o.NewOrganisation)
	return org, user.ID, err
}

func (d *seeder) userID(ctx context.Context, t id.Tenant, name string) (string, error) {
	var found string
	err := d.keepers.db.Read(ctx, t, func(tx *store.Tx) error {
		users, err := tx.Users()
		for _, u := range users {
			if u.UserName == name && u.Status != string(account.Deleted) {
				found = u.ID
			}
		}
		return err
	})
	return found, err
}

// users makes a tenant's users, and gives their ids by name.
func (d *seeder) users(ctx context.Context, admin access.Actor, o demo.Organisation, made map[setup.Kind]map[string]string) (map[string]string, error) {
	ids := map[string]string{o.Administrator: admin.User}
	for _, u := range o.Users[1:] {
		known, err := d.userID(ctx, admin.Tenant, u.Name)
		if err != nil {
			return nil, err
		}
		if known == "" {
			n := account.NewUser{UserName: u.Name, Roles: u.Roles, Skills: map[string]int{}, Language: o.Language, Profile: d.profile(u)}
			for name, level := range u.Skills {
				n.Skills[made[setup.KindSkill][name]] = level
			}
			for _, name := range u.Teams {
				n.Teams = append(n.Teams, made[setup.KindTeam][name])
			}
			n.Site = made[setup.KindSite][u.Site]
			user, _, err := d.parts.accounts.CreateUser(ctx, admin, n)
			if err != nil {
				return nil, err
			}
			known = user.ID
		}
		ids[u.Name] = known
		if err := d.openAccount(ctx, admin.Tenant, known); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (d *seeder) profile(u demo.User) account.Profile {
	if d.UserNamesAlone {
		return account.Profile{}
	}
	return account.Profile{DisplayName: u.Display}
}

// openAccount gives a user the demo's one password, if it still has its
// one-time password. The hash is the operator's, because making one for each of
// them would take seconds.
func (d *seeder) openAccount(ctx context.Context, t id.Tenant, user string) error {
	return d.keepers.db.Write(ctx, t, func(tx *store.Tx) error {
		row, err := tx.User(user)
		if err != nil {
			return err
		}
		if d.hash == "" {
			d.hash = row.PasswordHash
		}
		if !row.MustChange {
			return nil
		}
		row.PasswordHash, row.MustChange = d.hash, false
		return tx.UpdateUser(row)
	})
}

// entries lists a tenant's entry points.
func (d *seeder) entries(ctx context.Context, admin access.Actor, slug string) error {
	snap, err := d.parts.setup.Snapshot(ctx, admin.Tenant)
	if err != nil {
		return err
	}
	list, err := d.parts.setup.List(ctx, admin, setup.KindEntryPoint, false)
	if err != nil {
		return err
	}
	for _, o := range list {
		e := snap.EntryPoints[o.ID]
		d.demo.EntryPoints = append(d.demo.EntryPoints, DemoEntryPoint{ID: o.ID, Organisation: slug, Channel: e.Channel, Name: e.Name})
	}
	return nil
}

// history inserts the week before now in one transaction, once.
func (d *seeder) history(ctx context.Context, t id.Tenant, made demo.Made) error {
	past := demo.History(d.clock.Now(), demoSeed)
	return d.keepers.db.Write(ctx, t, func(tx *store.Tx) error {
		before, err := tx.SearchInteractions(store.InteractionFilter{Limit: 1})
		if err != nil || len(before) > 0 {
			return err
		}
		for _, c := range past {
			if err := d.conversation(tx, c, made); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *seeder) conversation(tx *store.Tx, c demo.Conversation, made demo.Made) error {
	ctx, t, interaction := tx.Context(), tx.Tenant(), d.ids.New(id.Interaction)
	arrival := channel.Arrival{Tenant: t, Channel: acd.Chat, EntryPoint: made.ID(setup.KindEntryPoint, c.EntryPoint), Language: c.Language, Name: c.Name}
	if !c.Email.Empty() {
		arrival.Addresses = []channel.Address{{Kind: "email", Value: c.Email}}
	}
	contact, err := d.parts.contacts.Resolve(tx, arrival, interaction)
	if err != nil {
		return err
	}
	name, err := d.keepers.vault.SealContact(ctx, t, contact, "interactions.name/"+interaction, []byte(c.Name.Reveal()))
	if err != nil {
		return err
	}
	run, err := d.keepers.vault.SealContact(ctx, t, contact, "interactions.flow/"+interaction, []byte("{}"))
	if err != nil {
		return err
	}
	row := store.InteractionRow{ID: interaction, Channel: string(acd.Chat), EntryPointID: arrival.EntryPoint, FlowID: made.ID(setup.KindFlow, c.Flow), FlowVersion: 1,
		FlowSealed: run, ContactID: contact, NameSealed: name, State: "wrapping", QueueID: made.ID(setup.KindQueue, c.Queue), AgentID: made.Users[c.Agent],
		Priority: c.Priority, Language: c.Language, DispositionID: made.ID(setup.KindDisposition, c.Disposition), Rating: c.Rating, LeftMessage: c.LeftMessage,
		ArrivedAt: c.ArrivedAt, QueuedAt: c.QueuedAt, Place: c.QueuedAt, OfferedAt: c.OfferedAt, AnsweredAt: c.AnsweredAt, WrapFrom: c.WrapFrom, LeftAt: c.LeftAt, Version: 1}
	for _, l := range c.Labels {
		row.Labels = append(row.Labels, made.ID(setup.KindLabel, l))
	}
	if err := tx.InsertInteraction(row); err != nil {
		return err
	}
	if err := d.parts.chat.WritePast(tx, interaction, contact, d.messages(c, made), c.Comment); err != nil {
		return err
	}
	row.State, row.CloseReason, row.ClosedAt = "closed", string(c.CloseReason), c.ClosedAt
	if err := tx.UpdateInteraction(row); err != nil {
		return err
	}
	return d.path(tx, interaction, c, made)
}

func (d *seeder) messages(c demo.Conversation, made demo.Made) []chat.PastMessage {
	return each(c.Messages, func(m demo.Message) chat.PastMessage {
		p := chat.PastMessage{At: m.At, AuthorKind: m.AuthorKind, Author: made.Users[m.Author], Kind: m.Kind, Text: m.Text, Buttons: m.Buttons, Event: string(m.Event)}
		switch m.AuthorKind {
		case chat.ByVisitor:
			p.AuthorName = c.Name
		case chat.ByAgent:
			p.AuthorName = secret.New(m.Author)
			if !d.UserNamesAlone {
				p.AuthorName = secret.New(demo.DisplayName(m.Author))
			}
		}
		return p
	})
}

// path stores the segments and offers of a conversation.
func (d *seeder) path(tx *store.Tx, interaction string, c demo.Conversation, made demo.Made) error {
	for n, s := range c.Segments {
		holder := made.Users[s.Holder]
		switch s.HolderKind {
		case "queue":
			holder = made.ID(setup.KindQueue, s.Holder)
		case "flow":
			holder = made.ID(setup.KindFlow, s.Holder)
		}
		err := tx.PutSegment(store.SegmentRow{InteractionID: interaction, Number: int64(n + 1), HolderKind: s.HolderKind, HolderID: holder,
			StartedAt: s.StartedAt, EndedAt: s.EndedAt, Cause: s.Cause})
		if err != nil {
			return err
		}
	}
	for _, o := range c.Offers {
		err := tx.InsertOffer(store.OfferRow{ID: d.ids.New(id.Offer), InteractionID: interaction, UserID: made.Users[o.Agent], QueueID: made.ID(setup.KindQueue, o.Queue),
			OfferedAt: o.OfferedAt, Deadline: o.Deadline, EndedAt: o.EndedAt, Outcome: string(o.Outcome)})
		if err != nil {
			return err
		}
	}
	return nil
}
