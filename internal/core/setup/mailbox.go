package setup

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"nubitalk/internal/core/acd"
)

// Mailbox is a mailbox at the tenant's own provider: messages that come there are work,
// and answers leave by it. Its password is no part of it: secrets of set-up are sealed
// and stored apart.
type Mailbox struct {
	Name        string     `json:"name" minLength:"1" maxLength:"80"`
	Enabled     bool       `json:"enabled" default:"true"`
	Address     string     `json:"address" maxLength:"254" doc:"The address that people write to and that answers come from, e.g. help@shop.example."`
	Aliases     []string   `json:"aliases" doc:"Other addresses of the mailbox: a message that was sent to one is answered from it. At most 50."`
	Shown       string     `json:"shown" maxLength:"80" doc:"The name beside the address in answers, e.g. the organisation's; empty: none."`
	IMAP        MailServer `json:"imap"`
	SMTP        MailServer `json:"smtp"`
	Sign        MailSign   `json:"sign" default:"password" enum:"password,oauth" doc:"How the account proves itself."`
	OAuth       MailOAuth  `json:"oauth,omitzero" doc:"With oauth: who lets us in."`
	User        string     `json:"user" maxLength:"254" doc:"The account's name at the provider; empty: the address."`
	Folders     []string   `json:"folders" doc:"Folders whose messages are work; empty: INBOX. At most 20."`
	Unread      bool       `json:"unread" doc:"Messages that lie unread in the folders when the mailbox is connected are work, too; else only those that come from then on."`
	Order       MailOrder  `json:"order" default:"oldest" enum:"oldest,newest" doc:"Which of several messages is taken first. New mail goes before what lay there."`
	After       MailAfter  `json:"after" default:"flag" enum:"flag,move" doc:"What is done with a message at the provider once it was handled. flag: it is marked as read (and answered). move: the same, and it goes to move_to. It is never deleted."`
	MoveTo      string     `json:"move_to" maxLength:"200" doc:"The folder, with move; it is made if there is none."`
	SentFolder  string     `json:"sent_folder" maxLength:"200" doc:"Where a copy of each answer is put at the provider; empty: where the provider says. A dash (-): nowhere, for providers that keep one by themselves."`
	EntryPoint  string     `json:"entry_point" doc:"Id of the entry point of channel email whose flow messages run."`
	WriteQueue  string     `json:"write_queue,omitempty" doc:"Id of the queue on whose behalf agents who serve it write new mail from here; empty: nobody does."`
	Signature   string     `json:"signature" maxLength:"2000" doc:"Put below each answer; empty: none. {{agent}} is the name of who answers."`
	HoldSeconds int        `json:"hold_seconds" minimum:"0" maximum:"60" default:"10" doc:"For how long the desk holds an answer back after it was sent, so that the agent can undo that. 0: it leaves at once."`
	AttachMB    int        `json:"attach_mb" minimum:"0" maximum:"25" default:"15" doc:"How much the files of one answer are together, in MB; 0: answers have none. Providers take about 25 MB with everything, and files grow by a third on their way."`
	AttachTypes []string   `json:"attach_types" doc:"Endings of names of files that answers may have, e.g. pdf; empty: all but programs. At most 50."`
	MaxTo       int        `json:"max_recipients,omitempty" minimum:"1" maximum:"100" default:"20" doc:"How many addresses one answer may have, with Cc and Bcc."`
	// Acknowledgement is off where it is empty.
	Acknowledgement map[string]string `json:"acknowledgement,omitempty" doc:"Sent at once to who writes, by language; the first of the entry point's languages that has one. Empty: nothing is. Never to what a machine sent, to lists, to addresses of no person or of the organisation's own mailboxes, and to one address once a day at most."`
}

// MailServer is one of a mailbox's two servers.
type MailServer struct {
	Host     string       `json:"host" maxLength:"253"`
	Port     int          `json:"port,omitempty" minimum:"0" maximum:"65535" doc:"0: the usual one (IMAP 993, with starttls 143; SMTP 465, with starttls 587)."`
	Security MailSecurity `json:"security,omitempty" default:"tls" enum:"tls,starttls" doc:"How TLS begins: at once, or after a greeting. There is no connection without."`
}

// MailSecurity says how TLS begins.
type MailSecurity string

const (
	MailTLS      MailSecurity = "tls"
	MailSTARTTLS MailSecurity = "starttls"
)

// MailSign is how an account proves itself.
type MailSign string

const (
	MailPassword MailSign = "password"
	MailToken    MailSign = "oauth" // with a token that somebody let us have (OAuth 2)
)

// Secrets of a mailbox beside its password.
const (
	ClientSecret = "client_secret"
	RefreshToken = "refresh_token" // made by signing in, never given
)

// MailOAuth is who gives tokens for an account, and as whom we ask for them.
type MailOAuth struct {
	Provider  string `json:"provider,omitempty" enum:"microsoft,google,other" doc:"Whose authority it is; other: the endpoints are given."`
	Client    string `json:"client_id,omitempty" maxLength:"200" doc:"The id by which the provider knows this installation; made where the provider registers applications, with the desk's address /app/setup/mail-sign-in as a way back."`
	Authorize string `json:"authorize,omitempty" maxLength:"300" doc:"With other: the authorization endpoint, https."`
	Token     string `json:"token,omitempty" maxLength:"300" doc:"With other: the token endpoint, https."`
	Scope     string `json:"scope,omitempty" maxLength:"500" doc:"With other: what is asked for."`
	Issuer    string `json:"issuer,omitempty" maxLength:"300" doc:"With other: the authority's issuer identifier, exactly as it writes it. What comes back from its page must be of this issuer where it says so (RFC 9207), and must say so where its metadata promise that. Empty: of the host of the authorization endpoint."`
}

// MailOrder is which message is taken first.
type MailOrder string

const (
	MailOldest MailOrder = "oldest"
	MailNewest MailOrder = "newest"
)

// MailAfter is what is done with a message that was handled.
type MailAfter string

const (
	MailFlag MailAfter = "flag"
	MailMove MailAfter = "move"
)

// NoFolder in the place of a folder's name means none.
const NoFolder = "-"

// Inbox is the folder that every mailbox has.
const Inbox = "INBOX"

// PortOf is the port in use; usual is that for TLS at once, other that for STARTTLS.
func (s MailServer) PortOf(usual, other int) int {
	switch {
	case s.Port != 0:
		return s.Port
	case s.Security == MailSTARTTLS:
		return other
	}
	return usual
}

func (Mailbox) Kind() Kind       { return KindMailbox }
func (m Mailbox) Called() string { return m.Name }
func (m Mailbox) Unique() []Unique {
	return append(byName(m.Name), Unique{"address", strings.ToLower(m.Address), m.Address})
}

func (m Mailbox) Uses() []Use {
	var u uses
	u.add("entry_point", KindEntryPoint, m.EntryPoint)
	u.add("write_queue", KindQueue, m.WriteQueue)
	return u
}

func (m Mailbox) clean() Object {
	m.Name, m.Shown, m.User = tidy(m.Name), tidy(m.Shown), strings.TrimSpace(m.User)
	m.Address = tidyAddress(m.Address)
	aliases := []string{}
	for _, a := range m.Aliases {
		if a = tidyAddress(a); !strings.EqualFold(a, m.Address) {
			aliases = append(aliases, a)
		}
	}
	folders := []string{}
	for _, f := range m.Folders {
		if f = strings.TrimSpace(f); strings.EqualFold(f, Inbox) {
			f = Inbox // the one name whose case means nothing (RFC 9051, 5.1)
		}
		folders = append(folders, f)
	}
	types := []string{}
	for _, t := range m.AttachTypes {
		types = append(types, strings.ToLower(strings.TrimPrefix(strings.TrimSpace(t), ".")))
	}
	m.Aliases, m.Folders, m.AttachTypes = once(aliases), once(folders), once(types)
	m.MoveTo, m.SentFolder = strings.TrimSpace(m.MoveTo), strings.TrimSpace(m.SentFolder)
	m.Signature, m.Acknowledgement = tidyText(m.Signature), tidyTexts(m.Acknowledgement)
	m.IMAP, m.SMTP = m.IMAP.clean(), m.SMTP.clean()
	if m.Sign == "" {
		m.Sign = MailPassword
	}
	if m.Sign == MailPassword {
		m.OAuth = MailOAuth{}
	}
	o := &m.OAuth
	o.Client, o.Authorize, o.Token, o.Scope, o.Issuer = strings.TrimSpace(o.Client), strings.TrimSpace(o.Authorize), strings.TrimSpace(o.Token), tidy(o.Scope), strings.TrimSpace(o.Issuer)
	if o.Provider != "other" {
		o.Authorize, o.Token, o.Scope, o.Issuer = "", "", "", ""
	}
	if m.MaxTo == 0 { // as before it could be set
		m.MaxTo = usualRecipients
	}
	if m.Order == "" {
		m.Order = MailOldest
	}
	if m.After == "" {
		m.After = MailFlag
	}
	if m.After == MailFlag {
		m.MoveTo = ""
	}
	return m
}

func (s MailServer) clean() MailServer {
	s.Host = strings.Trim(strings.ToLower(strings.TrimSuffix(strings.TrimSpace(s.Host), ".")), "[]")
	if s.Security == "" {
		s.Security = MailTLS
	}
	return s
}

// tidyAddress writes a domain in small letters; what stands before it is the provider's.
func tidyAddress(a string) string {
	a = strings.TrimSpace(a)
	if i := strings.LastIndexByte(a, '@'); i >= 0 {
		a = a[:i] + strings.ToLower(a[i:])
	}
	return a
}

// MostRecipients is the most that a mailbox may let one answer reach.
const MostRecipients = 100

const usualRecipients = 20

// MostRecipients is how many addresses one answer may have.
func (m Mailbox) MostRecipients() int { return cmp.Or(m.MaxTo, usualRecipients) }

const (
	maxAliases = 50
	maxFolders = 20
)

func (m Mailbox) Validate(refs Refs) error {
	var c checks
	c.name("name", m.Name, 1, 80)
	c.mailAddress("address", m.Address)
	c.count("aliases", len(m.Aliases), maxAliases)
	for i, a := range m.Aliases {
		c.mailAddress(at("aliases", i), a)
	}
	c.text("shown", m.Shown, 0, 80)
	m.IMAP.check(&c, "imap")
	m.SMTP.check(&c, "smtp")
	c.oneOf("sign", string(m.Sign), string(MailPassword), string(MailToken))
	if m.Sign == MailToken {
		c.oneOf("oauth.provider", m.OAuth.Provider, "microsoft", "google", "other")
		c.name("oauth.client_id", m.OAuth.Client, 1, 200)
		if m.OAuth.Provider == "other" {
			c.endpoint("oauth.authorize", m.OAuth.Authorize)
			c.endpoint("oauth.token", m.OAuth.Token)
			c.name("oauth.scope", m.OAuth.Scope, 0, 500)
			c.link("oauth.issuer", m.OAuth.Issuer)
		}
	}
	c.name("user", m.User, 0, 254)
	c.count("folders", len(m.Folders), maxFolders)
	for i, f := range m.Folders {
		c.name(at("folders", i), f, 1, 200)
	}
	c.oneOf("order", string(m.Order), string(MailOldest), string(MailNewest))
	c.oneOf("after", string(m.After), string(MailFlag), string(MailMove))
	if m.After == MailMove {
		c.name("move_to", m.MoveTo, 1, 200)
		if slices.Contains(m.Folders, m.MoveTo) || len(m.Folders) == 0 && strings.EqualFold(m.MoveTo, Inbox) {
			c.Add("move_to", "is one of the folders whose messages are work; name another.")
		}
	}
	c.name("sent_folder", m.SentFolder, 0, 200)
	if m.EntryPoint == "" {
		c.Add("entry_point", "is missing; name the entry point for email whose flow messages run.")
	} else if ch := refs.ChannelOf(m.EntryPoint); refs.Has(KindEntryPoint, m.EntryPoint) && ch != acd.Email {
		c.Add("entry_point", "is an entry point for %s; messages arrive at one for email.", ch)
	}
	c.text("signature", m.Signature, 0, 2000)
	c.texts("acknowledgement", m.Acknowledgement, 1, 2000, nil)
	c.number("hold_seconds", m.HoldSeconds, 0, 60)
	c.number("attach_mb", m.AttachMB, 0, 25)
	c.number("max_recipients", m.MaxTo, 1, MostRecipients)
	c.count("attach_types", len(m.AttachTypes), 50)
	for i, t := range m.AttachTypes {
		if !fileEnding.MatchString(t) {
			c.Add(at("attach_types", i), "is %q; the ending of a file's name such as pdf is accepted.", short(t))
		}
	}
	c.uses(m, refs)
	return c.Err()
}

func (s MailServer) check(c *checks, path string) {
	if _, err := netip.ParseAddr(s.Host); err != nil && (!hostName.MatchString(s.Host) || len(s.Host) > 253) {
		c.Add(path+".host", "is %q; a name such as %s is accepted.", short(s.Host), path+".provider.example")
	}
	c.number(path+".port", s.Port, 0, 65535)
	c.oneOf(path+".security", string(s.Security), string(MailTLS), string(MailSTARTTLS))
}

// mailAddress checks an address as people write it (RFC 5321, 4.1.2, without quoted
// ones).
func (c *checks) mailAddress(path, a string) {
	local, domain, ok := strings.Cut(a, "@")
	if !ok || local == "" || len(local) > 64 || len(a) > 254 || !hostName.MatchString(domain) || !strings.Contains(domain, ".") || strings.ContainsAny(local, " \t\r\n\"(),:;<>[]\\@") || hasHidden(a, false) {
		c.Add(path, "is %q; an address such as help@shop.example is accepted.", short(a))
	}
}

// CheckSecrets tells what is missing beside the mailbox's secrets, by name.
func (m Mailbox) CheckSecrets(has map[string]bool) error {
	var c checks
	if m.Sign == MailPassword && !has[Password] {
		c.Add(Password, "is missing; the mailbox proves itself with it.")
	}
	return c.Err()
}

// Moved says that one of the servers is another host than before, so that a password of
// the one must not reach the other.
func (m Mailbox) Moved(before Mailbox) bool {
	server := func(s MailServer) string { return fmt.Sprintf("%s:%d", s.Host, s.Port) }
	return server(m.IMAP) != server(before.IMAP) || server(m.SMTP) != server(before.SMTP)
}

// Asks says that tokens are asked for of somebody else than before, or for another
// account, so that one that was given is of no use.
func (m Mailbox) Asks(before Mailbox) bool {
	was := before.OAuth
	was.Issuer = m.OAuth.Issuer // which only says how the same authority signs its answers
	return m.OAuth != was || m.Account() != before.Account() || m.Sign != before.Sign
}

// Another says that tokens are asked for at another place than before, or by another
// client, so that a client's secret of the one must not reach the other.
func (o MailOAuth) Another(before MailOAuth) bool {
	return o.Provider != before.Provider || o.Client != before.Client || o.Token != before.Token
}

// Account is the account's name at the provider.
func (m Mailbox) Account() string {
	if m.User != "" {
		return m.User
	}
	return m.Address
}

// Looked are the folders whose messages are work.
func (m Mailbox) Looked() []string {
	if len(m.Folders) == 0 {
		return []string{Inbox}
	}
	return m.Folders
}

// Owns says whether an address is one of the mailbox's.
func (m Mailbox) Owns(address string) bool {
	return strings.EqualFold(address, m.Address) || slices.ContainsFunc(m.Aliases, func(a string) bool { return strings.EqualFold(a, address) })
}

var fileEnding = regexp.MustCompile(`^[a-z0-9]{1,10}$`)

// programs are endings of files that run; providers refuse them.
var programs = []string{"exe", "com", "bat", "cmd", "scr", "pif", "msi", "js", "jse", "vbs", "vbe", "wsf", "hta", "jar", "ps1", "lnk", "cpl", "reg"}

// Attaches says whether answers may have a file of this name.
func (m Mailbox) Attaches(name string) bool {
	ending := ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		ending = strings.ToLower(strings.TrimSpace(name[i+1:]))
	}
	if len(m.AttachTypes) == 0 {
		return !slices.Contains(programs, ending)
	}
	return slices.Contains(m.AttachTypes, ending)
}

// Addresses are those of the mailbox, the first its own.
func (m Mailbox) Addresses() []string { return append([]string{m.Address}, m.Aliases...) }

// endpoint checks an address of an authority.
func (c *checks) endpoint(path, s string) {
	c.link(path, s)
	if s == "" {
		c.Add(path, "is missing.")
	}
}
