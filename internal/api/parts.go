package api

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/netip"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/app/audit"
	"nubitalk/internal/app/campaign"
	"nubitalk/internal/app/field"
	"nubitalk/internal/app/floor"
	"nubitalk/internal/app/forward"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/app/usage"
	"nubitalk/internal/app/webhook"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/channel/openid"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/brand"
	"nubitalk/internal/core/recording"
	"nubitalk/internal/core/scim"
	"nubitalk/internal/core/setup"
)

// The parts behind the doors, one interface per area, named after the routes.
//
// The door has already checked that the actor has the route's permission with
// some scope (access.Reach is not None). What that scope reaches (Own: what the
// actor holds) is checked by the part, with access.May, because only it knows
// who holds a thing. A thing that the actor may not know of is errs.NotFound.
// Lists come filtered.

// Floor is app/floor: live work.
type Floor interface {
	// Work answers with an interaction, open or closed, that the actor may do p
	// to. It is the guard of every route about one interaction, its messages
	// and its files.
	Work(ctx context.Context, a access.Actor, p access.Permission, interaction string) (floor.Interaction, error)

	Desk(ctx context.Context, a access.Actor) (floor.Desk, error)
	Colleagues(ctx context.Context, a access.Actor) ([]floor.AgentView, error)
	// SetPresence sets the actor's own presence, or another user's
	// (FloorManage).
	SetPresence(ctx context.Context, a access.Actor, user string, p acd.Presence, reason string) (floor.AgentView, error)

	Accept(ctx context.Context, a access.Actor, offer string) (floor.Interaction, error)
	Decline(ctx context.Context, a access.Actor, offer string) error

	Finish(ctx context.Context, a access.Actor, interaction string) (floor.Interaction, error)
	Complete(ctx context.Context, a access.Actor, interaction, disposition string, labels []string) (floor.Interaction, error)
	Code(ctx context.Context, a access.Actor, interaction, disposition string, labels []string) (floor.Interaction, error)
	Extend(ctx context.Context, a access.Actor, interaction string) (floor.Interaction, error)
	// AgentTalk says whether the holder of a chat wants it to be spoken, too.
	AgentTalk(ctx context.Context, a access.Actor, interaction string, wanted bool) (floor.Interaction, error)
	// Transfer hands work on to a queue or to a user (exactly one is given); the
	// note, which may be empty, becomes an internal note of the conversation.
	Transfer(ctx context.Context, a access.Actor, interaction, queue, user string, note secret.Text) (floor.Interaction, error)
	TransferToFlow(ctx context.Context, a access.Actor, interaction, flow string, note secret.Text) (floor.Interaction, error)
	FlowTargets(ctx context.Context, a access.Actor, interaction string) ([]floor.FlowTarget, error)
	Consult(ctx context.Context, a access.Actor, interaction, user string) (floor.Interaction, error)
	HandOver(ctx context.Context, a access.Actor, interaction, user string) (floor.Interaction, error)
	EndConsult(ctx context.Context, a access.Actor, interaction, user string) (floor.Interaction, error)

	// Park lets a call that the actor holds wait in a slot, the first free one where
	// none is named. ParkedCalls are all that wait so; Unpark gives one to the actor.
	Park(ctx context.Context, a access.Actor, interaction, slot string) (floor.Interaction, error)
	ParkedCalls(ctx context.Context, a access.Actor) ([]floor.ParkedCall, error)
	Unpark(ctx context.Context, a access.Actor, interaction string) (floor.Interaction, error)
	// Shelve puts an email aside until a time, ShelfTimes proposes some. Shelved are those
	// that wait so; Unshelve gives one to the actor.
	Shelve(ctx context.Context, a access.Actor, interaction string, until time.Time) (floor.Interaction, error)
	ShelfTimes(ctx context.Context, a access.Actor, interaction string) ([]setup.ShelfTime, error)
	Shelved(ctx context.Context, a access.Actor) ([]floor.ShelvedEmail, error)
	Unshelve(ctx context.Context, a access.Actor, interaction string) (floor.Interaction, error)
	// Callbacks are people who wait to be called back; CancelCallback ends such a wait.
	Callbacks(ctx context.Context, a access.Actor) ([]floor.WaitingCallback, error)
	CancelCallback(ctx context.Context, a access.Actor, interaction string) error

	Snapshot(ctx context.Context, a access.Actor) (floor.Snapshot, error)
	// Day answers with a date's figures; "" is today.
	Day(ctx context.Context, a access.Actor, date string) (floor.Day, error)
	// Move sends waiting work elsewhere; empty queue and user mean "where it is",
	// no priority means unchanged.
	Move(ctx context.Context, a access.Actor, interaction, queue, user string, priority *int) (floor.Interaction, error)
	// OpenIn is what is open in a queue; EmptyQueue moves what waits to another one.
	OpenIn(ctx context.Context, a access.Actor, queue string) (floor.QueueOpen, error)
	EmptyQueue(ctx context.Context, a access.Actor, queue, to string) (floor.QueueOpen, error)

	// Why explains why an open interaction waits, WhyAgent what keeps an agent
	// from the work that waits (FloorWatch).
	Why(ctx context.Context, a access.Actor, interaction string) (floor.Why, error)
	WhyAgent(ctx context.Context, a access.Actor, user string) (floor.WhyUser, error)

	// Alerts lists alerts, the last raised first (FloorWatch).
	Alerts(ctx context.Context, a access.Actor, q floor.AlertSearch) (items []floor.Alert, next string, err error)
	// Acknowledge notes that the actor saw an alert (AlertManage).
	Acknowledge(ctx context.Context, a access.Actor, alert string) (floor.Alert, error)

	// TakeOver makes the actor the holder (FloorManage).
	TakeOver(ctx context.Context, a access.Actor, interaction string) (floor.Interaction, error)

	// Agent is one agent with its skills, queues, work and today's figures, Queue
	// one queue with its open work (FloorWatch).
	Agent(ctx context.Context, a access.Actor, user string) (floor.AgentDetail, error)
	Queue(ctx context.Context, a access.Actor, queue string) (floor.QueueDetail, error)
	// FlowToday is how a flow is gone through (SetupWrite).
	FlowToday(ctx context.Context, a access.Actor, flow string) (floor.FlowToday, error)

	// Connected tells how many live desks a user has on this node.
	Connected(ctx context.Context, t id.Tenant, user string, n int) error
}

// History finds interactions of the past and the present.
type History interface {
	// Search lists the newest first. An actor with Own reach sees only what it
	// handled.
	Search(ctx context.Context, a access.Actor, q Search) (items []floor.Interaction, next string, err error)
	// Segments are the parts of an interaction in order; Work has been asked.
	Segments(ctx context.Context, a access.Actor, interaction string) ([]Segment, error)
	// Legs are the ends of a call; Work has been asked.
	Legs(ctx context.Context, a access.Actor, interaction string) ([]floor.Leg, error)
	// CallLegs lists the ends of many calls, ExportLegs gives all of them; Forbidden
	// when numbers are asked for by who may not see them.
	CallLegs(ctx context.Context, a access.Actor, q floor.LegSearch) (items []floor.CallLeg, next string, err error)
	ExportLegs(ctx context.Context, a access.Actor, q floor.LegSearch, each func(floor.CallLeg) error) error
	// PhoneCalls are calls that phones made and that left by a trunk, the newest first.
	PhoneCalls(ctx context.Context, a access.Actor, q floor.PhoneCallSearch) (items []floor.PhoneCall, next string, err error)
	// Earlier are a contact's other interactions, newest first.
	Earlier(ctx context.Context, a access.Actor, contact, except string, limit int) ([]floor.Interaction, error)
}

// Chat is channel/chat as signed-in users see it. Floor.Work has been asked for
// the interaction: WorkRead to read, WorkHandle to write, NoteWrite for a note.
type Chat interface {
	// Messages answers in order of seq: those above after, or the last ones
	// below before; at most limit (0: chat.MaxHistory).
	Messages(ctx context.Context, t id.Tenant, interaction string, after, before int64, limit int) ([]chat.Message, error)
	// Marks says how far each side has read.
	Marks(ctx context.Context, t id.Tenant, interaction string) (Marks, error)
	Send(ctx context.Context, a access.Actor, interaction, clientID, kind string, text secret.Text) (chat.Message, error)
	Read(ctx context.Context, a access.Actor, interaction string, seq int64) error
	Typing(ctx context.Context, a access.Actor, interaction string) error
	Attach(ctx context.Context, a access.Actor, interaction string, f Upload) (chat.Message, error)
	Attachment(ctx context.Context, t id.Tenant, interaction, attachment string) (chat.Attachment, secret.Bytes, error)
}

// Calls is channel/voice: the sound of calls. Floor.Work has been asked for the
// interaction. Descriptions are session descriptions (RFC 8829). A call that has
// ended, or an interaction that is none, is errs.Gone.
type Calls interface {
	CallerSound(ctx context.Context, t id.Tenant, interaction string, offer secret.Text) (answer secret.Text, err error)
	AgentSound(ctx context.Context, t id.Tenant, interaction, user string, offer secret.Text) (answer secret.Text, err error)
	// Runs says that a call goes on, if only by an error that it does not.
	Runs(ctx context.Context, t id.Tenant, interaction string) error
	// State says how a call stands, as the user may see it; so do those that follow.
	State(ctx context.Context, t id.Tenant, interaction, user string) (voice.State, error)
	Hold(ctx context.Context, t id.Tenant, interaction, user string, held bool) (voice.State, error)
	Talk(ctx context.Context, t id.Tenant, interaction, user string, with voice.With) (voice.State, error)
	// CallBack calls a person who left a message.
	CallBack(ctx context.Context, t id.Tenant, interaction, caller string) error
	// CallOutside calls an outside number for a running call's caller; HandOutside
	// leaves the two to each other, EndOutside hangs it up.
	CallOutside(ctx context.Context, t id.Tenant, interaction, user, number, caller string, handOver bool) (voice.State, error)
	EndOutside(ctx context.Context, t id.Tenant, interaction, user string) (voice.State, error)
	HandOutside(ctx context.Context, t id.Tenant, interaction, user string) error
	// HandedOver are the calls that go on with an outside number; EndHandedOver hangs
	// one up.
	HandedOver(t id.Tenant) []voice.Handed
	EndHandedOver(ctx context.Context, t id.Tenant, interaction, user string) error
	Monitor(ctx context.Context, t id.Tenant, interaction, user string, how voice.Monitor) (voice.State, error)
	Press(ctx context.Context, t id.Tenant, interaction, keys string) error
	// Record does what somebody wants of a call's recording, and says how it stands
	// then. CallOfUser and CallOfContact find the running call; "" is none.
	Record(ctx context.Context, t id.Tenant, interaction string, a recording.Action, by, reason string) (voice.RecordingState, error)
	CallOfUser(t id.Tenant, user string) (interaction string)
	// SecureFlows are those into which the person of a running call can be sent.
	SecureFlows(ctx context.Context, t id.Tenant) ([]voice.SecureFlow, error)
	BeginSecure(ctx context.Context, t id.Tenant, interaction, by string, w voice.SecureWish) (voice.State, error)
	EndSecure(ctx context.Context, t id.Tenant, interaction, user string) (voice.State, error)
	SecureResult(ctx context.Context, t id.Tenant, interaction string) (voice.SecureResult, error)
	CallOfContact(t id.Tenant, contact string) (interaction string)
	// CallOut calls a number for an agent, who holds the new interaction at once.
	// RingAgain rings the phone of the call's agent once more.
	RingAgain(ctx context.Context, t id.Tenant, interaction, user string) (voice.State, error)
	CallOut(ctx context.Context, t id.Tenant, agent, queue, number, caller string) (interaction string, err error)
	CallChoices(ctx context.Context, t id.Tenant) (voice.Choices, error)
}

// Campaigns is app/campaign.
type Campaigns interface {
	Desk(ctx context.Context, a access.Actor) (campaign.CallingDesk, error)
	Next(ctx context.Context, a access.Actor, campaign string) (campaign.NextContact, error)
	Call(ctx context.Context, a access.Actor, campaign, entry string) (interaction string, err error)
	Skip(ctx context.Context, a access.Actor, campaign, entry string, how campaign.Skipping) error
	Again(ctx context.Context, a access.Actor, interaction string, at time.Time, own bool) error
	Progress(ctx context.Context, a access.Actor) ([]campaign.CampaignProgress, error)
	PreviewImport(ctx context.Context, a access.Actor, list string, file []byte) (campaign.ContactImport, error)
	Import(ctx context.Context, a access.Actor, list string, file []byte, seen string) (campaign.ContactImport, error)
	ListContacts(ctx context.Context, a access.Actor, list, cursor string, limit int) (items []campaign.ListedContact, next string, err error)
	RemoveListed(ctx context.Context, a access.Actor, list, entry string) error
	Sizes(ctx context.Context, a access.Actor) ([]campaign.ListSize, error)
	AddNever(ctx context.Context, a access.Actor, numbers []string) (campaign.NeverAdded, error)
	AskNever(ctx context.Context, a access.Actor, number string) (campaign.AskedNever, error)
	EndNever(ctx context.Context, a access.Actor, number string) error
	CountNever(ctx context.Context, a access.Actor) (int, error)
}

// Visitors is channel/chat as a visitor sees it.
type Visitors interface {
	// EntryPoint answers what the widget needs. Origins are the web origins that
	// may call; empty means any. NotFound for one that is off or not for chat.
	EntryPoint(ctx context.Context, entryPoint, language string) (view EntryPointView, origins []string, t id.Tenant, err error)
	Start(ctx context.Context, entryPoint string, s Start) (Started, error)
	// Visitor finds the conversation of a token: Unauthorised when unknown, Gone
	// when its time is over.
	Visitor(ctx context.Context, token secret.Text) (Visitor, error)

	Conversation(ctx context.Context, v Visitor, after int64) (Conversation, error)
	Say(ctx context.Context, v Visitor, clientID string, text secret.Text) (chat.Message, error)
	Choose(ctx context.Context, v Visitor, clientID, value string) (chat.Message, error)
	VisitorAttach(ctx context.Context, v Visitor, f Upload) (chat.Message, error)
	VisitorAttachment(ctx context.Context, v Visitor, attachment string) (chat.Attachment, secret.Bytes, error)
	// Transcript is a plain text file of the conversation without notes.
	Transcript(ctx context.Context, v Visitor) (secret.Bytes, error)
	VisitorRead(ctx context.Context, v Visitor, seq int64) error
	// Delivered notes that messages up to seq reached the visitor's browser.
	Delivered(ctx context.Context, v Visitor, seq int64) error
	VisitorTyping(ctx context.Context, v Visitor) error
	// Callback keeps the place of a visitor who goes and says where to answer.
	Callback(ctx context.Context, v Visitor, clientID string, reach secret.Text) error
	// VisitorTalk says whether the visitor wants the chat to be spoken, too.
	VisitorTalk(ctx context.Context, v Visitor, wanted bool) error
	End(ctx context.Context, v Visitor) error
	Survey(ctx context.Context, v Visitor, rating int, comment secret.Text) error
	// Here says whether the visitor has a socket open (gone: the idle time runs).
	Here(ctx context.Context, v Visitor, here bool) error
}

// Usage is what organisations may have and have used.
type Usage interface {
	Own(ctx context.Context, a access.Actor) (usage.Own, error)
	Of(ctx context.Context, a access.Actor, org id.Tenant) (usage.Own, error)
	Account(ctx context.Context, a access.Actor, month string, each func(usage.AccountLine) error) error
	Page(ctx context.Context, a access.Actor, q usage.Query, cursor string, limit int) (usage.AccountPage, error)
}

// Accounts is app/account.
type Accounts interface {
	// SignIn answers with a session; its errors do not tell whether the
	// organisation or the user exists.
	SignIn(ctx context.Context, from account.From, organisation, userName string, password secret.Text) (account.SignedIn, error)
	// SignInSecond completes one that asked for a second factor.
	SignInSecond(ctx context.Context, from account.From, state secret.Text, code string) (account.SignedIn, error)
	// BeginPasskeySignIn names nobody; host is what the browser shows.
	BeginPasskeySignIn(ctx context.Context, host string) (account.Ceremony, error)
	SignInPasskey(ctx context.Context, from account.From, host string, state secret.Text, shown json.RawMessage) (account.SignedIn, error)
	// Recognise finds who holds a session token or an API key.
	Recognise(ctx context.Context, token secret.Text) (account.Session, error)
	// Recheck is Recognise without believing what is remembered.
	Still(ctx context.Context, in account.Session, token secret.Text, fresh bool) (account.Session, error)
	SignOut(ctx context.Context, s account.Session) error
	SignOutPage(ctx context.Context, s account.Session, base string, hint secret.Text) string

	// BeginProvider begins a sign-in with an organisation's own provider; base is how
	// the browser calls this service.
	BeginProvider(ctx context.Context, organisation, base string, again bool, earlier account.Session) (account.ProviderStep, error)
	SignInProvider(ctx context.Context, from account.From, t id.Tenant, flow secret.Text, a openid.Answer, earlier account.Session) (account.SignedIn, error)
	LogoutByProvider(ctx context.Context, t id.Tenant, token secret.Text) error
	SignOn(ctx context.Context, s account.Session, base string) (account.SignOnView, error)
	PutSignOn(ctx context.Context, s account.Session, version int64, o account.SignOn, secretNow secret.Text) error
	RemoveSignOn(ctx context.Context, s account.Session) error
	// TryProvider and TriedProvider walk the same way and open no session.
	TryProvider(ctx context.Context, s account.Session, base string) (account.ProviderStep, error)
	TriedProvider(ctx context.Context, s account.Session, flow secret.Text, a openid.Answer) (account.ProviderTrial, error)
	LinkUser(ctx context.Context, s account.Session, user string, subject secret.Text) error
	UnlinkUser(ctx context.Context, s account.Session, user string) error

	// PreviewRules says what sign-in rules would do.
	PreviewRules(ctx context.Context, a access.Actor, next setup.Rules, from netip.Addr) (account.SignInEffect, error)

	Me(ctx context.Context, s account.Session) (account.Me, error)
	// InvitationLetter shows an invitation before it is sent.
	InvitationLetter(ctx context.Context, a access.Actor, userName, language string, in account.Inviting) (account.Letter, error)
	DeletedUsers(ctx context.Context, a access.Actor, ids []string) ([]string, error)
	Photos(ctx context.Context, a access.Actor) ([]account.Photo, error)
	Photo(ctx context.Context, a access.Actor, user string) (secret.Bytes, error)
	// SetPhoto and RemovePhoto are about one's own, or as who manages users.
	SetPhoto(ctx context.Context, a access.Actor, user string, file []byte) error
	RemovePhoto(ctx context.Context, a access.Actor, user string) error
	UpdateMe(ctx context.Context, a access.Actor, version int64, p *account.ProfileChange, language *string) (account.User, error)
	// SetPassword changes the caller's own and ends its other sessions.
	SetPassword(ctx context.Context, s account.Session, current, next secret.Text) (secret.Text, error)
	// Confirm takes the password again, before the caller changes how it signs in.
	Confirm(ctx context.Context, s account.Session, password secret.Text) (secret.Text, error)
	ConfirmPasskey(ctx context.Context, s account.Session, host string, state secret.Text, shown json.RawMessage) (secret.Text, error)
	Factors(ctx context.Context, s account.Session) (account.Factors, error)
	BeginTOTP(ctx context.Context, s account.Session) (account.NewTOTP, error)
	// AddTOTP answers with recovery codes if it is the first factor.
	AddTOTP(ctx context.Context, s account.Session, state secret.Text, code, name string) (account.AddedFactor, error)
	BeginPasskey(ctx context.Context, s account.Session, host string) (account.Ceremony, error)
	AddPasskey(ctx context.Context, s account.Session, host string, state secret.Text, name string, made json.RawMessage) (account.AddedFactor, error)
	RemoveFactor(ctx context.Context, s account.Session, factor string) error
	NewRecoveryCodes(ctx context.Context, s account.Session) ([]string, error)
	Sessions(ctx context.Context, a access.Actor) ([]account.SessionView, error)
	EndSession(ctx context.Context, a access.Actor, session string) error
	NotMe(ctx context.Context, in account.Session) (account.Disowned, error)

	Users(ctx context.Context, a access.Actor, cursor string, limit int) (items []account.User, next string, err error)
	User(ctx context.Context, a access.Actor, user string) (account.User, error)
	// CreateUser answers with a one-time password, shown once.
	CreateUser(ctx context.Context, a access.Actor, n account.NewUser) (account.User, secret.Text, error)
	UpdateUser(ctx context.Context, a access.Actor, user string, version int64, c account.UserChange) (account.User, error)
	DeleteUser(ctx context.Context, a access.Actor, user string) error
	// SetSkill changes one skill of an agent (FloorManage); 0 takes it away. With
	// Conflict it answers the level in force.
	SetSkill(ctx context.Context, a access.Actor, user, skill string, level, was int) (int, error)
	ResetPassword(ctx context.Context, a access.Actor, user string) (secret.Text, error)
	EndSessions(ctx context.Context, a access.Actor, user string) error
	ResetFactors(ctx context.Context, a access.Actor, user string) error
	FindUsers(ctx context.Context, a access.Actor, q account.UserQuery, order string, from, limit int) (account.FoundUsers, error)
	// PreviewImport and SeveralEffect do nothing; what they answer is to be seen
	// before it is done.
	PreviewImport(ctx context.Context, a access.Actor, file []byte) (account.UserImport, error)
	Import(ctx context.Context, a access.Actor, file []byte, lines []int, seen string, invite *account.Inviting) (account.UserImport, []account.NewPassword, error)
	ExportUsers(ctx context.Context, a access.Actor, withProfile bool, w io.Writer) error
	SeveralEffect(ctx context.Context, a access.Actor, who account.Several, c account.SeveralChange) (account.SeveralEffect, error)
	ChangeSeveral(ctx context.Context, a access.Actor, who account.Several, c account.SeveralChange, seen string) (account.SeveralEffect, error)
	// InviteUser and InviteAgain answer with a code, shown once.
	InviteUser(ctx context.Context, a access.Actor, n account.NewUser, in account.Inviting) (account.User, account.Invited, error)
	InviteAgain(ctx context.Context, a access.Actor, user string, in account.Inviting) (account.Invited, error)
	WithdrawInvitation(ctx context.Context, a access.Actor, user string) error
	// Welcome and AcceptInvitation are for whoever has the code.
	Welcome(ctx context.Context, organisation string, code secret.Text) (account.Welcome, error)
	AcceptInvitation(ctx context.Context, from account.From, organisation string, code, password secret.Text) (account.SignedIn, error)

	Roles(ctx context.Context, a access.Actor) ([]account.Role, error)
	Role(ctx context.Context, a access.Actor, role string) (account.Role, error)
	CreateRole(ctx context.Context, a access.Actor, n account.NewRole) (account.Role, error)
	// RoleEffect stores nothing.
	RoleEffect(ctx context.Context, a access.Actor, role string, permissions map[access.Permission]string) (account.RoleEffect, error)
	UpdateRole(ctx context.Context, a access.Actor, role string, version int64, c account.RoleChange) (account.Role, error)
	// DeleteRole is Conflict while anybody has the role and no replacement is named.
	DeleteRole(ctx context.Context, a access.Actor, role string, version int64, replacement access.Role) error

	APIKeys(ctx context.Context, a access.Actor) ([]account.APIKey, error)
	// CreateAPIKey answers with the key itself, shown once.
	CreateAPIKey(ctx context.Context, a access.Actor, n account.NewAPIKey) (account.APIKey, secret.Text, error)
	// RotateAPIKey answers with the new secret, shown once.
	RotateAPIKey(ctx context.Context, a access.Actor, key string, overlap time.Duration, expires time.Time) (account.APIKey, secret.Text, error)
	Provisioning(ctx context.Context, in account.Session, address string) (account.ProvisioningView, error)
	PutProvisioning(ctx context.Context, in account.Session, version int64, p account.Provisioning) error
	CreateProvisioningKey(ctx context.Context, in account.Session, expires time.Time) (account.APIKey, secret.Text, error)
	ScimResources(ctx context.Context, a access.Actor, kind string, f scim.Filter, page scim.Page) (found []scim.Record, total int, err error)
	ScimResource(ctx context.Context, a access.Actor, kind, object string) (scim.Record, error)
	ScimCreate(ctx context.Context, a access.Actor, kind string, r map[string]any) (scim.Record, error)
	ScimChange(ctx context.Context, a access.Actor, kind, object string, version int64, change func(map[string]any) (map[string]any, error)) (scim.Record, error)
	ScimRemove(ctx context.Context, a access.Actor, kind, object string, version int64) error
	RevokeAPIKey(ctx context.Context, a access.Actor, key string) error

	Organisations(ctx context.Context, a access.Actor, q account.OrganisationQuery, cursor string, limit int) (account.FoundOrganisations, error)
	Organisation(ctx context.Context, a access.Actor, org id.Tenant) (account.Organisation, error)
	// OrganisationNames are those of the ids that the actor may know.
	OrganisationNames(ctx context.Context, a access.Actor, ids []string) ([]account.NamedOrganisation, error)
	// CreateOrganisation answers with the first administrator and its one-time
	// password, shown once.
	CreateOrganisation(ctx context.Context, a access.Actor, n account.NewOrganisation) (account.Organisation, account.User, secret.Text, error)
	UpdateOrganisation(ctx context.Context, a access.Actor, org id.Tenant, version int64, c account.OrganisationChange) (account.Organisation, error)
	MoveOrganisation(ctx context.Context, a access.Actor, org id.Tenant, version int64, to id.Tenant) (account.Organisation, error)
	// MakeSignUpLink answers with the code, shown once.
	Brand(ctx context.Context, a access.Actor) (account.OwnBrand, error)
	PutBrand(ctx context.Context, a access.Actor, version int64, b brand.Brand, logo *string) (account.OwnBrand, error)
	PreviewBrand(ctx context.Context, a access.Actor, b brand.Brand, logo *string) (account.BrandPreview, error)
	BrandOf(ctx context.Context, t id.Tenant, known string) (account.BrandShown, error)
	PublicBrand(ctx context.Context, link, known string) (account.BrandShown, error)
	MakeSignUpLink(ctx context.Context, a access.Actor, t account.SignUpTerms) (account.SignUpLink, secret.Text, error)
	SignUpLinks(ctx context.Context, a access.Actor, cursor string, limit int) (items []account.SignUpLink, next string, err error)
	RemoveSignUpLink(ctx context.Context, a access.Actor, link string) error
	Offer(ctx context.Context, code secret.Text) (account.SignUpOffer, error)
	SignUp(ctx context.Context, from account.From, code secret.Text, n account.NewSignUp) (account.Organisation, account.SignedIn, error)
	// Keys tells how old an organisation's keys are; RotateKeys begins to renew
	// them and returns before that is done.
	Keys(ctx context.Context, a access.Actor, org id.Tenant) (account.OrganisationKeys, error)
	RotateKeys(ctx context.Context, a access.Actor, org id.Tenant) (account.OrganisationKeys, error)

	// SupportProviders are the organisations above the caller's own.
	SupportProviders(ctx context.Context, a access.Actor) ([]account.SupportProvider, error)
	SupportGrants(ctx context.Context, a access.Actor, cursor string, limit int) (items []account.SupportGrant, next string, err error)
	SupportGrant(ctx context.Context, a access.Actor, grant string) (account.SupportGrant, error)
	GrantSupport(ctx context.Context, a access.Actor, home id.Tenant, userName string, terms account.SupportTerms) (account.SupportGrant, error)
	AcceptSupport(ctx context.Context, a access.Actor, grant string, version int64, terms account.SupportTerms) (account.SupportGrant, error)
	EndSupport(ctx context.Context, a access.Actor, grant string) (account.SupportGrant, error)
	AskSupport(ctx context.Context, a access.Actor, t id.Tenant, terms account.SupportTerms) (account.SupportGrant, error)
	SupportOf(ctx context.Context, a access.Actor, cursor string, limit int) (items []account.SupportGrant, next string, err error)
	GiveBackSupport(ctx context.Context, a access.Actor, grant string) (account.SupportGrant, error)
	// OpenSupport answers with the token of a support session; LeaveSupport ends it.
	OpenSupport(ctx context.Context, s account.Session, grant string) (secret.Text, account.SupportGrant, error)
	LeaveSupport(ctx context.Context, s account.Session) error
	// NoteSupport writes down what a support session is about to do.
	NoteSupport(ctx context.Context, s account.Session, operation, object string) error

	// BeginEnd begins the end of an organisation, CallOffEnd takes that back; EndOf and
	// OwnEnd tell how far it is.
	BeginEnd(ctx context.Context, a access.Actor, org id.Tenant, version int64, terms account.EndTerms) (account.Organisation, error)
	CallOffEnd(ctx context.Context, a access.Actor, org id.Tenant, version int64) (account.Organisation, error)
	EndOf(ctx context.Context, a access.Actor, org id.Tenant) (account.Ending, error)
	OwnEnd(ctx context.Context, a access.Actor) (account.Ending, error)
	// AskEnd begins or asks for the end of the actor's own organisation, TakeBackEnd takes
	// that back.
	AskEnd(ctx context.Context, a access.Actor, terms account.EndTerms) (account.Ending, error)
	TakeBackEnd(ctx context.Context, a access.Actor) (account.Ending, error)
	// NewEndCode makes the code by which CertificateBy answers.
	NewEndCode(ctx context.Context, a access.Actor) (account.EndCode, error)
	CertificateBy(ctx context.Context, org id.Tenant, code secret.Text) (account.Ending, error)
	CertificateKey(ctx context.Context) (ed25519.PublicKey, error)
}

// Setup is app/setup.
type Setup interface {
	// List answers all objects of a kind by position; archived ones only if asked.
	List(ctx context.Context, a access.Actor, k setup.Kind, archived bool) ([]SetupObject, error)
	// Get answers one object; for KindRules the id is "".
	Get(ctx context.Context, a access.Actor, k setup.Kind, object string) (SetupObject, error)
	CreateWith(ctx context.Context, a access.Actor, k setup.Kind, body json.RawMessage, x appsetup.Extra) (SetupObject, error)
	// PutWith replaces the body. version is the one the caller saw: Conflict if
	// someone was faster. For KindRules the id is "".
	PutWith(ctx context.Context, a access.Actor, k setup.Kind, object string, version int64, body json.RawMessage, x appsetup.Extra) (SetupObject, error)
	// Archive takes an object out of use; Conflict names what still uses it.
	Archive(ctx context.Context, a access.Actor, k setup.Kind, object string, version int64) error
	// Restore brings an archived object back.
	Restore(ctx context.Context, a access.Actor, k setup.Kind, object string, version int64) (SetupObject, error)
	// Several says what becomes of several objects, and does it once that was seen.
	Several(ctx context.Context, a access.Actor, k setup.Kind, x appsetup.Several) (appsetup.SeveralObjects, error)
	// Order puts a kind's objects into an order; ids names all that are in use.
	Order(ctx context.Context, a access.Actor, k setup.Kind, ids []string) error
	// Serving are the users who would serve a queue, and the rule as stored.
	Serving(ctx context.Context, a access.Actor, members []string, rule string) (agents []string, stored string, err error)
	// SetMember names a user in a queue, or no longer (FloorManage).
	SetMember(ctx context.Context, a access.Actor, queue, user string, member bool) error
	// Versions are newest first.
	Versions(ctx context.Context, a access.Actor, k setup.Kind, object string) ([]SetupVersion, error)
	// FirstSteps tells how far a new tenant is; samples are put in and taken out.
	FirstSteps(ctx context.Context, a access.Actor) (appsetup.FirstSteps, error)
	AddSample(ctx context.Context, a access.Actor, sample setup.Sample, language string) error
	RemoveSample(ctx context.Context, a access.Actor, sample setup.Sample) error
	// Try answers what routing would do with made-up work in a queue as edited.
	Try(ctx context.Context, a access.Actor, in appsetup.Try) ([]appsetup.Tried, error)
	// MakePhonePassword answers a new password of a phone, once.
	MakePhonePassword(ctx context.Context, a access.Actor, phone string) (secret.Text, error)
	// TryNumber answers what the dial plan would decide about a number.
	TryNumber(ctx context.Context, a access.Actor, in appsetup.TryNumber) (appsetup.TriedNumber, error)
	// CheckFlow tells what saving a graph would find fault with.
	CheckFlow(ctx context.Context, a access.Actor, in appsetup.FlowCheck) (errs.Fields, error)
	// TryFlow takes a run that nobody is in one step on.
	TryFlow(ctx context.Context, a access.Actor, in appsetup.FlowTry) (appsetup.FlowTried, error)
}

// PhoneStatus tells how a tenant's phones stand, on this node.
type PhoneStatus interface {
	PhoneState(ctx context.Context, t id.Tenant, phone string) (PhoneState, error)
}

// Handsets are the phones by which users talk.
type Handsets interface {
	Handset(ctx context.Context, a access.Actor) (HandsetChoice, error)
	// ChooseHandset remembers by which of its phones a user talks; "" is the browser.
	ChooseHandset(ctx context.Context, a access.Actor, phone string) (HandsetChoice, error)
}

// Forwarding is where calls to extensions go on.
type Forwarding interface {
	// Own and SetOwn are about the actor's phones, Of and Set about any; NotFound for
	// one that has no extension in use.
	Own(ctx context.Context, a access.Actor) ([]forward.Forwarding, error)
	SetOwn(ctx context.Context, a access.Actor, phone string, c forward.Change) (forward.Forwarding, error)
	Of(ctx context.Context, t id.Tenant, phone string) (forward.Forwarding, error)
	Set(ctx context.Context, a access.Actor, phone string, c forward.Change) (forward.Forwarding, error)
}

// TrunkStatus tells how a tenant's trunk stands, on all nodes together.
type TrunkStatus interface {
	TrunkState(ctx context.Context, t id.Tenant, trunk string) (TrunkState, error)
	// OfferedLines are the operator's lines that give a tenant numbers.
	OfferedLines(ctx context.Context, t id.Tenant) ([]OfferedLine, error)
}

// Contacts is app/contact.
type Contacts interface {
	// Find looks up by exact address; without one it lists the newest seen.
	Find(ctx context.Context, a access.Actor, kind string, address secret.Text, cursor string, limit int) (items []Contact, next string, err error)
	// FindByField finds those with a value in a custom field, as Fields.Searched gives them.
	FindByField(ctx context.Context, a access.Actor, field, value, cursor string, limit int) (items []Contact, next string, err error)
	Contact(ctx context.Context, a access.Actor, contact string) (Contact, error)
	// Named is the id of the contact that has an address, for parts that show nothing
	// of it; NotFound if there is none.
	Named(ctx context.Context, t id.Tenant, kind string, address secret.Text) (contact string, err error)
	// Seen notes that the actor was shown what a contact said; "" is nobody.
	Seen(ctx context.Context, a access.Actor, contact string) error
	// Update rectifies; nil fields stay as they are.
	Update(ctx context.Context, a access.Actor, contact string, version int64, c ContactChange) (Contact, error)
	// Export writes one archive of everything about the person.
	Export(ctx context.Context, a access.Actor, contact string, w io.Writer) error
	Erase(ctx context.Context, a access.Actor, contact string) (ErasureReceipt, error)
	// Receipt answers an earlier erasure's receipt again.
	Receipt(ctx context.Context, a access.Actor, contact string) (ErasureReceipt, error)
	// WithdrawConsent notes that a person took an agreement back.
	WithdrawConsent(ctx context.Context, a access.Actor, contact, consent string) (Contact, error)
}

// Fields is app/field: what stands in the tenant's own fields.
type Fields interface {
	// Values are those of an object that the actor sees; show names a masked one that it
	// asks for.
	Values(ctx context.Context, a access.Actor, e setup.FieldEntity, object, show string) ([]field.Value, error)
	Set(ctx context.Context, a access.Actor, e setup.FieldEntity, object string, changes []field.Change) ([]field.Value, error)
	// Searched finds the field by which interactions are searched, and a value as it is
	// stored.
	Searched(ctx context.Context, a access.Actor, of setup.FieldEntity, key, value string) (field, plain string, err error)
	// Held counts what a field holds, Empty erases it: that many values.
	Held(ctx context.Context, a access.Actor, id string) (field.Held, error)
	Empty(ctx context.Context, a access.Actor, id string, values int64) error
}

// Audit is app/audit.
type Audit interface {
	Entries(ctx context.Context, a access.Actor, q AuditQuery) (items []AuditEntry, next string, err error)
	SecurityAlerts(ctx context.Context, a access.Actor, state, cursor string, limit int) (items []audit.SecurityAlert, next string, err error)
	AcknowledgeSecurityAlert(ctx context.Context, a access.Actor, alert string) (audit.SecurityAlert, error)
}

// Webhooks is app/webhook: what other systems were told.
type Webhooks interface {
	Deliveries(ctx context.Context, a access.Actor, webhook, state, cursor string, limit int) (items []webhook.WebhookDelivery, next string, err error)
	Try(ctx context.Context, a access.Actor, webhook string) (webhook.WebhookDelivery, error)
	Repeat(ctx context.Context, a access.Actor, webhook, delivery string) (webhook.WebhookDelivery, error)
}

// Privacy answers the record of processing and the notice's checks.
type Privacy interface {
	Inventory(ctx context.Context, a access.Actor) ([]InventoryEntry, error)
	Notice(ctx context.Context, a access.Actor) ([]Clause, error)
}

// LineStatus tells the operator how its lines stand on this node.
type LineStatus interface {
	LineStates(ctx context.Context) ([]LineState, error)
}

// System tells of the installation, never of a tenant's content.
type System interface {
	System(ctx context.Context, a access.Actor) (SystemView, error)
	// Encryption counts what each rule for all connections stops, or would.
	Encryption(ctx context.Context, a access.Actor) (EncryptionView, error)
}

// Replies keeps what a changing call answered, so that the same Idempotency-Key
// answers the same again.
type Replies interface {
	// Begin claims a key. It answers with the stored reply if there is one, or
	// nil when the caller must do the work and then call Keep or Drop.
	// Conflict: the same key with another request, or one that is still running.
	Begin(ctx context.Context, a access.Actor, key string, request [32]byte, now time.Time) (*Reply, error)
	Keep(ctx context.Context, a access.Actor, key string, r Reply) error
	Drop(ctx context.Context, a access.Actor, key string) error
}
