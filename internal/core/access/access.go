package access

import (
	"slices"

	"nubitalk/internal/base/id"
)

// Role is a built-in role of vocabulary.md, or the id of one that a tenant made
// for itself (Custom).
type Role string

const (
	Administrator  Role = "administrator"
	Supervisor     Role = "supervisor"
	Agent          Role = "agent"
	Monitor        Role = "monitor"
	PrivacyOfficer Role = "privacy_officer"
	ResellerRole   Role = "reseller" // users of a reseller organisation
	OperatorRole   Role = "operator" // users of the operator organisation
)

// TenantRoles are the roles that a tenant's users may hold.
var TenantRoles = []Role{Administrator, Supervisor, Agent, Monitor, PrivacyOfficer}

// Scope is how far a permission reaches.
type Scope int

const (
	None   Scope = iota
	Own          // what the actor itself holds
	SomeOf       // that, and a part of the actor's tenant (RolePart)
	Tenant       // everything of the actor's tenant
	Below        // organisations below the actor's own, never their content
)

// Permission names one thing that can be allowed.
type Permission string

const (
	Public          Permission = "public"       // needs no sign-in: sign-in itself, health, a visitor's own chat by its token
	SignedIn        Permission = "signed_in"    // any signed-in user: own profile, own password, own sessions
	DeskUse         Permission = "desk.use"     // own work, own presence, offers
	WorkHandle      Permission = "work.handle"  // answer, transfer, finish an interaction one holds
	WorkRead        Permission = "work.read"    // read an interaction and its conversation
	WorkSearch      Permission = "work.search"  // find past conversations
	CallOut         Permission = "call.out"     // call a person by telephone
	EmailWrite      Permission = "email.write"  // write emails of one's own accord
	CallPark        Permission = "call.park"    // park calls, and take parked calls back
	CallExport      Permission = "call.export"  // the records of calls, with numbers masked
	CallNumbers     Permission = "call.numbers" // … with numbers
	RecListen       Permission = "recording.listen"
	RecExport       Permission = "recording.export"
	RecControl      Permission = "recording.control"
	RecShare        Permission = "recording.share"   // let named users hear a recording
	RecHold         Permission = "recording.hold"    // keep recordings from being destroyed
	RecRelease      Permission = "recording.release" // end that
	QualityRead     Permission = "quality.read"      // evaluations and scores
	QualityEvaluate Permission = "quality.evaluate"  // evaluate recordings
	QualityManage   Permission = "quality.manage"    // forms, samples, calibrations
	QualityExport   Permission = "quality.export"    // scores as a file
	NoteWrite       Permission = "note.write"        // write an internal note
	CannedRead      Permission = "canned.read"       // use canned replies
	FloorWatch      Permission = "floor.watch"       // live queues and agents
	FloorManage     Permission = "floor.manage"      // move work, take it over, change an agent's state, skills and queues
	AlertManage     Permission = "alert.manage"      // set thresholds, acknowledge alerts
	SetupRead       Permission = "setup.read"        // read queues, skills, dispositions, …
	SetupWrite      Permission = "setup.write"       // change them
	CampaignManage  Permission = "campaign.manage"   // campaigns, contact lists, the do-not-call list
	UserRead        Permission = "user.read"         // list users
	UserWrite       Permission = "user.write"        // create, change, lock, end sessions
	UserProvision   Permission = "user.provision"    // SCIM: what a directory's key may do
	RoleManage      Permission = "role.manage"       // make and change roles
	BrandManage     Permission = "brand.manage"      // what the organisation's pages look like
	KeyManage       Permission = "key.manage"        // API keys
	ContactRead     Permission = "contact.read"      // see a contact and its addresses
	ContactWrite    Permission = "contact.write"     // rectify
	ContactErase    Permission = "contact.erase"     // erase, export, restrict
	Retention       Permission = "retention.write"
	AuditRead       Permission = "audit.read"
	PrivacyRead     Permission = "privacy.read"         // the inventory, the notice, its checks
	UsageRead       Permission = "usage.read"           // limits and use of one's own organisation
	OrgExport       Permission = "organisation.export"  // the end of one's own organisation, and its certificate
	OrgArchive      Permission = "organisation.archive" // fetch all that one's own organisation has
	OrgEnd          Permission = "organisation.end"     // begin the end of one's own organisation, and call it off
	OrgRead         Permission = "organisation.read"
	OrgWrite        Permission = "organisation.write"
	OrgMove         Permission = "organisation.move"
	OrgKeys         Permission = "organisation.keys"
	SystemRead      Permission = "system.read"   // health and size of the installation
	SupportGrant    Permission = "support.grant" // let a person of the reseller or operator in
	SupportUse      Permission = "support.use"   // ask for that, and use it
)

// Rule is one row of the table.
type Rule struct {
	Permission Permission
	Means      string // in plain words, for the roles page
	Grants     map[Role]Scope
}

// Table is the whole of it. docs/permissions.md is generated from it.
func Table() []Rule { return table }

var table = []Rule{
	{Public, "Needs no sign-in.", nil},
	{SignedIn, "See and change one's own account.", everyone(Own)},
	{DeskUse, "Use the desk: presence, offers, own work.", map[Role]Scope{Agent: Own, Supervisor: Own}},
	{WorkHandle, "Answer, transfer and finish interactions one holds.", map[Role]Scope{Agent: Own, Supervisor: Tenant}},
	{WorkRead, "Read an interaction with its conversation.", map[Role]Scope{Agent: Own, Supervisor: Tenant, Monitor: Tenant, PrivacyOfficer: Tenant}},
	{WorkSearch, "Find past conversations by person, agent, queue, date and words.", map[Role]Scope{Agent: Own, Supervisor: Tenant, PrivacyOfficer: Tenant}},
	{CallOut, "Call people by telephone, where the trunks' rules let calls out.", map[Role]Scope{Agent: Own, Supervisor: Own}},
	{EmailWrite, "Write emails of one's own accord, from mailboxes that allow it to who serves their queue.", map[Role]Scope{Agent: Own, Supervisor: Own}},
	{CallPark, "Park calls; see those that are parked, with the names of who waits, and take them back.", map[Role]Scope{Agent: Tenant, Supervisor: Tenant}},
	{CallExport, "Export the records of calls: times, reasons and quality of each end, with telephone numbers masked.", map[Role]Scope{Supervisor: Tenant, Administrator: Tenant, PrivacyOfficer: Tenant}},
	{CallNumbers, "See telephone numbers in such an export, for a reason that the audit log notes.", map[Role]Scope{PrivacyOfficer: Tenant}},
	{RecListen, "Listen to recordings, which the audit log notes; agents where the organisation's rules let them.", map[Role]Scope{Agent: Own, Supervisor: Tenant, PrivacyOfficer: Tenant}},
	{RecExport, "Export recordings, for a reason that the audit log notes.", map[Role]Scope{PrivacyOfficer: Tenant}},
	{RecControl, "Begin, pause, resume and stop the recording of a call, and send its person into a secure flow.", map[Role]Scope{Agent: Own, Supervisor: Tenant}},
	{RecShare, "Let named users hear a recording for some days, for a reason that the audit log notes.", map[Role]Scope{Supervisor: Tenant, PrivacyOfficer: Tenant}},
	{RecHold, "See legal holds, and place one on a recording or on all of a contact's.", map[Role]Scope{Supervisor: Tenant, PrivacyOfficer: Tenant}},
	{RecRelease, "End legal holds.", map[Role]Scope{PrivacyOfficer: Tenant}},
	{QualityRead, "See evaluations and scores; agents their own, which they acknowledge or dispute.", map[Role]Scope{Agent: Own, Supervisor: Tenant}},
	{QualityEvaluate, "Evaluate recordings.", map[Role]Scope{Supervisor: Tenant}},
	{QualityManage, "Change evaluation forms and sampling rules; assign evaluations, and hold calibrations.", map[Role]Scope{Supervisor: Tenant, Administrator: Tenant}},
	{QualityExport, "Export scores of evaluations, for a reason that the audit log notes.", map[Role]Scope{Supervisor: Tenant}},
	{NoteWrite, "Write internal notes on an interaction.", map[Role]Scope{Agent: Own, Supervisor: Tenant}},
	{CannedRead, "Use canned replies.", map[Role]Scope{Agent: Tenant, Supervisor: Tenant, Administrator: Tenant}},
	{FloorWatch, "Watch queues and agents live.", map[Role]Scope{Supervisor: Tenant, Monitor: Tenant, Administrator: Tenant}},
	{FloorManage, "Move work, take it over, give hints, and change an agent's state, skills and queues.", map[Role]Scope{Supervisor: Tenant}},
	{AlertManage, "Set thresholds for alerts, and acknowledge alerts.", map[Role]Scope{Supervisor: Tenant, Administrator: Tenant}},
	{SetupRead, "See queues, skills, dispositions, hours, flows and entry points.", map[Role]Scope{Administrator: Tenant, Supervisor: Tenant, Agent: Tenant, Monitor: Tenant, PrivacyOfficer: Tenant}},
	{SetupWrite, "Change queues, skills, dispositions, hours, flows and entry points; see and change trunks, phones and connections.", map[Role]Scope{Administrator: Tenant}},
	{CampaignManage, "Change, start and pause campaigns; fill contact lists; keep the do-not-call list.", map[Role]Scope{Administrator: Tenant, Supervisor: Tenant}},
	{UserRead, "See the users of one's organisation.", map[Role]Scope{Administrator: Tenant, Supervisor: Tenant, PrivacyOfficer: Tenant, OperatorRole: Tenant, ResellerRole: Tenant}},
	{UserWrite, "Create and change users, reset passwords, end sessions.", map[Role]Scope{Administrator: Tenant, OperatorRole: Tenant, ResellerRole: Tenant}},
	{UserProvision, "Create, change, lock and remove users by SCIM, for the organisation's own directory.", map[Role]Scope{Administrator: Tenant}},
	{RoleManage, "Make and change the organisation's own roles.", map[Role]Scope{Administrator: Tenant}},
	{BrandManage, "Choose what the organisation's pages look like: name, logo, colour, links.", map[Role]Scope{Administrator: Tenant, ResellerRole: Tenant, OperatorRole: Tenant}},
	{KeyManage, "Create and revoke API keys.", map[Role]Scope{Administrator: Tenant}},
	{ContactRead, "See a contact, its addresses and earlier interactions.", map[Role]Scope{Agent: Own, Supervisor: Tenant, PrivacyOfficer: Tenant}},
	{ContactWrite, "Correct a contact's data.", map[Role]Scope{Agent: Own, Supervisor: Tenant, PrivacyOfficer: Tenant}},
	{ContactErase, "Export, restrict and erase a contact.", map[Role]Scope{PrivacyOfficer: Tenant}},
	{Retention, "Choose how long things are kept.", map[Role]Scope{Administrator: Tenant, PrivacyOfficer: Tenant}},
	{AuditRead, "Read the audit log of one's organisation.", map[Role]Scope{Administrator: Tenant, PrivacyOfficer: Tenant, OperatorRole: Tenant, ResellerRole: Tenant}},
	{PrivacyRead, "Read the record of processing and the notice's checks.", map[Role]Scope{Administrator: Tenant, PrivacyOfficer: Tenant, OperatorRole: Tenant}},
	{UsageRead, "See what one's organisation may have, and what it uses month by month.", map[Role]Scope{Administrator: Tenant, OperatorRole: Tenant, ResellerRole: Tenant}},
	{OrgExport, "See when one's organisation ends and who exported it, sign in until then, end exports, and make the code by which the certificate of its end is got.", map[Role]Scope{Administrator: Tenant, PrivacyOfficer: Tenant}},
	{OrgArchive, "Export everything that one's organisation has, with conversations and recordings, for a reason that the audit log notes.", map[Role]Scope{PrivacyOfficer: Tenant}},
	{OrgEnd, "Begin the end of one's own organisation, agree to it, and call it off.", map[Role]Scope{Administrator: Tenant, PrivacyOfficer: Tenant}},
	{OrgRead, "See resellers and tenants: their size and use, never content.", map[Role]Scope{OperatorRole: Below, ResellerRole: Below}},
	{OrgWrite, "Create, limit, suspend, resume and end resellers and tenants.", map[Role]Scope{OperatorRole: Below, ResellerRole: Below}},
	{OrgMove, "Move an organisation below another reseller.", map[Role]Scope{OperatorRole: Below}},
	{OrgKeys, "See how old an organisation's keys are and renew them; nobody ever sees a key.", map[Role]Scope{OperatorRole: Below}},
	{SystemRead, "See the installation's health and size.", map[Role]Scope{OperatorRole: Tenant}},
	{SupportGrant, "Let a named person of the reseller or operator in for a time, see who was, and end it.", map[Role]Scope{Administrator: Tenant, PrivacyOfficer: Tenant}},
	{SupportUse, "Ask tenants for access to help them, and use what they grant.", map[Role]Scope{OperatorRole: Below, ResellerRole: Below}},
}

// Roles are all built-in roles, in the order of the roles page.
func Roles() []Role {
	return append(slices.Clone(TenantRoles), ResellerRole, OperatorRole)
}

// grants is the table by permission, so that asking it is one look-up.
var grants = func() map[Permission]map[Role]Scope {
	m := make(map[Permission]map[Role]Scope, len(table))
	for _, r := range table {
		m[r.Permission] = r.Grants
	}
	return m
}()

// Known says whether the table has the permission.
func Known(p Permission) bool {
	_, ok := grants[p]
	return ok
}

func everyone(s Scope) map[Role]Scope {
	m := map[Role]Scope{ResellerRole: s, OperatorRole: s}
	for _, r := range TenantRoles {
		m[r] = s
	}
	return m
}

// Actor is who asks: a signed-in user or an API key (never a visitor, who holds
// one conversation by its token and nothing else).
type Actor struct {
	Tenant  id.Tenant
	User    string // usr_…; for an API key, the key's id
	Session string // ses_… or key_…
	Roles   []Role
	// Custom are those of the roles that the tenant made for itself. A role that
	// is neither built in nor here gives nothing.
	Custom []Custom
	// Scopes narrows an API key to some permissions; nil means all that its
	// roles give.
	Scopes []Permission
	// Parts has those of the roles that are given for a part of the tenant only; nil
	// if there is none.
	Parts map[Role]RolePart
	// Support is set for who is in another organisation's affairs by its grant.
	Support *Support
}

// Reach is the widest scope that the actor has for a permission.
func Reach(a Actor, p Permission) Scope {
	if p == Public {
		return Tenant
	}
	if a.Support != nil {
		return a.Support.reach(p)
	}
	if a.shut(p) {
		return None
	}
	best, builtIn := None, grants[p]
	for _, role := range a.Roles {
		best = max(best, a.narrowed(role, p, builtIn[role]))
	}
	for i := range a.Custom {
		best = max(best, a.narrowed(a.Custom[i].ID, p, a.Custom[i].reach(p)))
	}
	return best
}

// shut says whether the actor is narrowed to other permissions.
func (a *Actor) shut(p Permission) bool {
	return a.Scopes != nil && p != SignedIn && !slices.Contains(a.Scopes, p)
}

// Beyond are the permissions that reach further for one actor than for another,
// in the table's order: what a key or a role would give and its giver has not.
func Beyond(a, than Actor) []Permission {
	var more []Permission
	for _, rule := range table {
		p := rule.Permission
		if p == SignedIn {
			continue
		}
		mine, theirs := Reach(a, p), Reach(than, p)
		if mine > theirs || mine == SomeOf && theirs == SomeOf && !PartOf(than, p).Covers(PartOf(a, p)) {
			more = append(more, p)
		}
	}
	return more
}

// WhileEnding are the scopes of sessions in an organisation whose end was begun.
var WhileEnding = []Permission{OrgExport, OrgArchive, OrgEnd}

// Thing is what is asked about: its tenant and, where Own matters, who holds it.
type Thing struct {
	Tenant  id.Tenant
	Holders []string // user ids
	// Interaction is its id, if it is one or is of one.
	Interaction string
	// In are the teams, queues and campaigns that it belongs to.
	In RolePart
}

// May says whether the actor may do p to the thing. A thing of another tenant
// is never allowed; organisations below are asked with MayBelow.
func May(a Actor, p Permission, t Thing) bool { return Over(a, p, t) > None }
