package demo

import (
	"context"
	"net/http"
	"slices"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/addition"
	"nubitalk/internal/store"
)

// weekSeed makes every demo's week of history the same.
const weekSeed = 7

// Told is what a demonstration holds, as `nubitalk-demo --json` prints it.
type Told struct {
	BaseURL     string       `json:"base_url"`
	Logins      []Login      `json:"logins"`
	EntryPoints []EntryPoint `json:"entry_points"`
	MetricsURL  string       `json:"metrics_url,omitempty"`
	SIP         []string     `json:"sip,omitempty"` // where telephones are heard, e.g. udp://127.0.0.1:5060
	Mail        Mail         `json:"mail"`
}

// Login is a user to sign in as.
type Login struct {
	Organisation string        `json:"organisation"`
	UserName     string        `json:"user_name"`
	Password     string        `json:"password"`
	Roles        []access.Role `json:"roles"`
	Try          string        `json:"try,omitempty"`
}

// EntryPoint is where a visitor's chat or call arrives.
type EntryPoint struct {
	ID           string      `json:"id"`
	Organisation string      `json:"organisation"`
	Channel      acd.Channel `json:"channel"`
	Name         string      `json:"name"`
	Page         string      `json:"page,omitempty"` // a web page that carries the widget, or that calls
}

// shops are the paths of web pages that carry a widget, by the entry point's name.
var shops = map[string]string{ShopEntry: "/shop/", ClosedEntry: "/shop-closed/"}

// Seeder puts the demonstration's content into an installation. Every step looks at
// what is there already, so that a demonstration goes on where it was, also after a
// crash while it was being made.
type Seeder struct {
	addition.Parts // given by Fill
	Terms
	Hash string // of Password, made once; "" for that of the first account that is opened
	told Told
	orgs map[string]account.Organisation
	mail *provided // nil for organisations without a mailbox
}

// Terms are what a demonstration may be made without or with.
type Terms struct {
	UserNamesAlone bool // users have user names and nothing else that says who they are
	Unhurried      bool // offers last 50 seconds, wrap-ups five minutes, and a lost browser's work stays a minute
}

// Open prepares a demonstration, and starts its mail provider, until Close.
func Open(terms Terms) (*Seeder, error) {
	m, err := openMail()
	return &Seeder{Terms: terms, mail: m}, err
}

// Close ends the mail provider; the node has stopped before.
func (d *Seeder) Close() { d.mail.provider.Close() }

// Addition is what makes a node the demonstration.
func (d *Seeder) Addition() addition.Addition {
	a := addition.Addition{Voices: Recorded(), Mail: d.mail.provider.Certificate, Fill: d.fill, Pages: d.pages}
	if d.Unhurried {
		a.Grace = time.Minute
	}
	return a
}

// Told tells what the demonstration holds, once its node serves at base. metrics is
// where its figures are, "" for nowhere; sip where telephones are heard.
func (d *Seeder) Told(base, metrics string, sip []string) Told {
	t := d.told
	t.BaseURL, t.MetricsURL, t.SIP, t.Mail = base, metrics, sip, d.mail.told(base)
	t.EntryPoints = slices.Clone(t.EntryPoints)
	for i, e := range t.EntryPoints {
		if path, ok := shops[e.Name]; ok {
			t.EntryPoints[i].Page = base + path
		} else if e.Channel == acd.Email {
			t.EntryPoints[i].Page = base + mailPage
		} else if e.Channel == acd.Voice {
			t.EntryPoints[i].Page = base + "/phone/#" + e.ID
		}
	}
	return t
}

// Organisation is one that was put in, by its slug.
func (d *Seeder) Organisation(slug string) account.Organisation { return d.orgs[slug] }

func (d *Seeder) fill(ctx context.Context, p addition.Parts) error {
	d.Parts = p
	for _, o := range Organisations() {
		if err := d.Put(ctx, o); err != nil {
			return err
		}
	}
	for _, o := range d.orgs { // so that their use is there to look at
		if err := d.Usage.CountNow(ctx, o.ID); err != nil {
			return err
		}
	}
	return nil
}

// pages serves those that carry the widget, and the mail's.
func (d *Seeder) pages(mux *http.ServeMux, base string) {
	for _, e := range d.told.EntryPoints {
		if path, ok := shops[e.Name]; ok {
			mux.Handle(path, http.StripPrefix(path[:len(path)-1], ShopHandler(base, e.ID)))
		}
	}
	mux.Handle(mailPage, http.StripPrefix(mailPage[:len(mailPage)-1], MailHandler(d.mail)))
}

// Put puts an organisation in with its users and its set-up; its parent was put in before.
func (d *Seeder) Put(ctx context.Context, o Organisation) error {
	org, first, err := d.Found(ctx, o)
	if err != nil {
		return err
	}
	if d.orgs == nil {
		d.orgs = map[string]account.Organisation{}
	}
	d.orgs[o.Slug] = org
	admin := access.Actor{Tenant: org.ID, User: first, Roles: o.Users[0].Roles}
	if err := d.OpenAccount(ctx, org.ID, first); err != nil {
		return err
	}
	for _, u := range o.Users {
		d.told.Logins = append(d.told.Logins, Login{Organisation: o.Slug, UserName: u.Name, Password: Password, Roles: u.Roles, Try: u.Try})
	}
	if o.Tenant == nil {
		return nil
	}
	for i := range o.Tenant.Queues {
		if q := &o.Tenant.Queues[i]; d.Unhurried {
			q.OfferSeconds, q.WrapUpSeconds = 50, 300
		}
	}
	made, err := SetUp(ctx, d.Setup, admin, o.Tenant, func(made map[setup.Kind]map[string]string) (map[string]string, error) {
		return d.users(ctx, admin, o, made)
	})
	if err != nil {
		return err
	}
	if err := d.entries(ctx, admin, o.Slug); err != nil {
		return err
	}
	d.Founded(ctx, org.ID)
	if o.Slug == DemoSlug {
		if err := d.mail.connect(ctx, d.Setup, admin, made); err != nil {
			return err
		}
		if err := d.history(ctx, org.ID, made); err != nil {
			return err
		}
		if err := d.recorded(ctx, org.ID, made.Users[FirstAgent]); err != nil {
			return err
		}
		return d.judged(ctx, org.ID, made)
	}
	return nil
}

// Found makes an organisation, or finds it, with its first user.
func (d *Seeder) Found(ctx context.Context, o Organisation) (account.Organisation, string, error) {
	var row store.OrganisationRow
	err := d.DB.SystemRead(ctx, func(tx *store.Tx) (err error) {
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
		org, user, err := d.Accounts.Install(ctx, o.NewOrganisation, secret.New(Password), false)
		return org, user.ID, err
	}
	parent := d.orgs[o.Parent]
	role := access.OperatorRole
	if o.Parent == ResellerSlug {
		role = access.ResellerRole
	}
	org, user, _, err := d.Accounts.CreateOrganisation(ctx, access.Actor{Tenant: parent.ID, User: "system", Roles: []access.Role{role}}, o.NewOrganisation)
	return org, user.ID, err
}

func (d *Seeder) userID(ctx context.Context, t id.Tenant, name string) (string, error) {
	var found string
	err := d.DB.Read(ctx, t, func(tx *store.Tx) error {
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
func (d *Seeder) users(ctx context.Context, admin access.Actor, o Organisation, made map[setup.Kind]map[string]string) (map[string]string, error) {
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
			user, _, err := d.Accounts.CreateUser(ctx, admin, n)
			if err != nil {
				return nil, err
			}
			known = user.ID
		}
		ids[u.Name] = known
		if err := d.OpenAccount(ctx, admin.Tenant, known); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (d *Seeder) profile(u User) account.Profile {
	if d.UserNamesAlone {
		return account.Profile{}
	}
	return account.Profile{DisplayName: u.Display}
}

// OpenAccount gives a user the demo's one password, if it still has its
// one-time password. The hash is the operator's, because making one for each of
// them would take seconds.
func (d *Seeder) OpenAccount(ctx context.Context, t id.Tenant, user string) error {
	return d.DB.Write(ctx, t, func(tx *store.Tx) error {
		row, err := tx.User(user)
		if err != nil {
			return err
		}
		if d.Hash == "" {
			d.Hash = row.PasswordHash
		}
		if !row.MustChange {
			return nil
		}
		row.PasswordHash, row.MustChange = d.Hash, false
		return tx.UpdateUser(row)
	})
}

// entries lists a tenant's entry points.
func (d *Seeder) entries(ctx context.Context, admin access.Actor, slug string) error {
	snap, err := d.Setup.Snapshot(ctx, admin.Tenant)
	if err != nil {
		return err
	}
	list, err := d.Setup.List(ctx, admin, setup.KindEntryPoint, false)
	if err != nil {
		return err
	}
	for _, o := range list {
		e := snap.EntryPoints[o.ID]
		d.told.EntryPoints = append(d.told.EntryPoints, EntryPoint{ID: o.ID, Organisation: slug, Channel: e.Channel, Name: e.Name})
	}
	return nil
}

// history inserts the week before now in one transaction, once.
func (d *Seeder) history(ctx context.Context, t id.Tenant, made Made) error {
	past := History(d.Clock.Now(), weekSeed)
	return d.DB.Write(ctx, t, func(tx *store.Tx) error {
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

func (d *Seeder) conversation(tx *store.Tx, c Conversation, made Made) error {
	ctx, t, interaction := tx.Context(), tx.Tenant(), d.IDs.New(id.Interaction)
	arrival := channel.Arrival{Tenant: t, Channel: acd.Chat, EntryPoint: made.ID(setup.KindEntryPoint, c.EntryPoint), Language: c.Language, Name: c.Name}
	if !c.Email.Empty() {
		arrival.Addresses = []channel.Address{{Kind: "email", Value: c.Email}}
	}
	contact, err := d.Contacts.Resolve(tx, arrival, interaction)
	if err != nil {
		return err
	}
	name, err := d.Vault.SealContact(ctx, t, contact, "interactions.name/"+interaction, []byte(c.Name.Reveal()))
	if err != nil {
		return err
	}
	run, err := d.Vault.SealContact(ctx, t, contact, "interactions.flow/"+interaction, []byte("{}"))
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
	if err := d.Chat.WritePast(tx, interaction, contact, d.messages(c, made), c.Comment); err != nil {
		return err
	}
	row.State, row.CloseReason, row.ClosedAt = "closed", string(c.CloseReason), c.ClosedAt
	if err := tx.UpdateInteraction(row); err != nil {
		return err
	}
	return d.path(tx, interaction, c, made)
}

func (d *Seeder) messages(c Conversation, made Made) []chat.PastMessage {
	var past []chat.PastMessage
	for _, m := range c.Messages {
		p := chat.PastMessage{At: m.At, AuthorKind: m.AuthorKind, Author: made.Users[m.Author], Kind: m.Kind, Text: m.Text, Buttons: m.Buttons, Event: string(m.Event)}
		switch m.AuthorKind {
		case chat.ByVisitor:
			p.AuthorName = c.Name
		case chat.ByAgent:
			p.AuthorName = secret.New(m.Author)
			if !d.UserNamesAlone {
				p.AuthorName = secret.New(DisplayName(m.Author))
			}
		}
		past = append(past, p)
	}
	return past
}

// path stores the segments and offers of a conversation.
func (d *Seeder) path(tx *store.Tx, interaction string, c Conversation, made Made) error {
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
		err := tx.InsertOffer(store.OfferRow{ID: d.IDs.New(id.Offer), InteractionID: interaction, UserID: made.Users[o.Agent], QueueID: made.ID(setup.KindQueue, o.Queue),
			OfferedAt: o.OfferedAt, Deadline: o.Deadline, EndedAt: o.EndedAt, Outcome: string(o.Outcome)})
		if err != nil {
			return err
		}
	}
	return nil
}
