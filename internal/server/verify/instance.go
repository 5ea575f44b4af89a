package verify

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/channel/email/localmail"
	"nubitalk/internal/server/drive"
)

// Addresses at the private instance's own mail provider.
const (
	mailAddress  = "house@notice.example"
	spareAddress = "spare@notice.example"
)

// instance starts this program as `nubitalk serve` runs in production, over an empty
// folder, and sets it up as people do: by its first page and the API.
func (w *world) instance(ctx context.Context) error {
	password := rand.Text()
	var err error
	if w.provider, err = localmail.Start(password, mailAddress, spareAddress); err != nil {
		return err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.provider.Certificate.Raw})
	authority := filepath.Join(w.dir, "mail.pem")
	if err := os.WriteFile(authority, certificate, 0o600); err != nil {
		return err
	}
	var at [3]string // the pages, the figures, telephones
	for i := range at {
		if at[i], err = freeport.Address(); err != nil {
			return err
		}
	}
	w.program, err = drive.Serve(ctx, w.binary, w.data, at[0], "--metrics-listen", at[1], "--sip-listen", "udp://"+at[2],
		"--email-inside", "127.0.0.1/32", "--email-authority", authority)
	if err != nil {
		return err
	}
	w.demo = w.program.Demo
	w.demo.MetricsURL, w.demo.SIP = "http://"+at[1]+"/metrics", []string{"udp://" + at[2]}
	w.demo.Mail = drive.Mail{Address: mailAddress, Spare: spareAddress, Password: password, IMAP: w.provider.IMAP, SMTP: w.provider.SMTP, Certificate: string(certificate)}
	once, err := w.firstPage(ctx)
	if err != nil {
		return fmt.Errorf("its first page: %w", err)
	}
	if err := w.others(ctx); err != nil {
		return fmt.Errorf("another tenant: %w", err)
	}
	admin, err := w.joins(ctx, ours, "administrator", once)
	if err != nil {
		return err
	}
	for _, u := range [][2]string{{"a1", "agent"}, {"a2", "agent"}, {"a3", "agent"}, {"supervisor", "supervisor"}, {"monitor", "monitor"}, {"privacy", "privacy_officer"}} {
		if err := w.hires(ctx, admin, ours, u[0], u[1]); err != nil {
			return err
		}
	}
	return w.setUp(ctx, admin)
}

var shownOnce = regexp.MustCompile(`<code id="password">([^<]+)</code>`)

// firstPage founds the operator and our tenant, and gives the one-time password of its
// administrator.
func (w *world) firstPage(ctx context.Context) (once string, err error) {
	page, err := w.program.FirstPage(ctx)
	if err != nil {
		return "", err
	}
	code, err := url.Parse(page)
	if err != nil {
		return "", err
	}
	form := url.Values{"code": {code.Query().Get("code")}, "name": {"Tenant " + w.mark}, "slug": {ours}, "administrator": {"administrator"},
		"password": {w.password()}, "language": {"en"}, "time_zone": {"Europe/Lisbon"}}
	r, err := http.NewRequestWithContext(ctx, "POST", w.demo.BaseURL+"/start", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := w.http.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return "", err
	}
	found := shownOnce.FindSubmatch(body)
	if res.StatusCode != http.StatusOK || found == nil {
		return "", fmt.Errorf("the answer was %d", res.StatusCode)
	}
	w.knows("operator", "administrator", "operator")
	return html.UnescapeString(string(found[1])), nil
}

// others makes a reseller, and by it a tenant with an administrator, a supervisor and an agent.
func (w *world) others(ctx context.Context) error {
	above, err := w.user(ctx, "operator", "operator")
	if err != nil {
		return err
	}
	for _, o := range []struct{ kind, slug, role string }{{"reseller", "reseller", "reseller"}, {"tenant", theirs, "administrator"}} {
		var made struct {
			Password string `json:"password"`
		}
		err := above.Do(ctx, "POST", "organisations", map[string]string{"kind": o.kind, "slug": o.slug, "name": o.slug + " " + w.mark, "language": "pt",
			"time_zone": "Europe/Lisbon", "administrator": o.role}, &made)
		if err != nil {
			return err
		}
		if above, err = w.joins(ctx, o.slug, o.role, made.Password); err != nil {
			return err
		}
	}
	for _, u := range [][2]string{{"b1", "agent"}, {"supervisor", "supervisor"}} {
		if err := w.hires(ctx, above, theirs, u[0], u[1]); err != nil {
			return err
		}
	}
	return nil
}

// joins signs an organisation's first user in, who is called as the role.
func (w *world) joins(ctx context.Context, organisation, role, once string) (*drive.User, error) {
	if _, err := w.firstSignIn(ctx, organisation, role, once); err != nil {
		return nil, err
	}
	w.knows(organisation, role, role)
	return w.user(ctx, organisation, role)
}

func (w *world) hires(ctx context.Context, admin *drive.User, organisation, name, role string) error {
	if _, _, err := w.newUser(ctx, admin, organisation, name, []string{role}, nil); err != nil {
		return err
	}
	w.knows(organisation, name, role)
	return nil
}

// knows notes a log-in.
func (w *world) knows(organisation, name, role string) {
	w.demo.Logins = append(w.demo.Logins, drive.Login{Organisation: organisation, UserName: name, Password: w.password(), Roles: []string{role}})
}

// setUp adds a telephone and a mailbox to what every new tenant has, and opens it all day.
func (w *world) setUp(ctx context.Context, admin *drive.User) error {
	if err := openAllDay(ctx, admin); err != nil {
		return err
	}
	type m = map[string]any
	var queues struct{ Items []struct{ ID string } }
	if err := admin.Do(ctx, "GET", "queues", nil, &queues); err != nil {
		return err
	}
	if len(queues.Items) == 0 {
		return errors.New("a new tenant has no queue")
	}
	points := map[string]string{}
	for _, channel := range []string{"voice", "email"} {
		graph := m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": queues.Items[0].ID}}}
		if channel == "voice" {
			graph["start"] = "menu" // where callers stay: agents are kept for what the checks want of them
			graph["nodes"].(m)["menu"] = m{"type": "ask", "into": "topic", "text": m{"en": "What is it about?", "pt": "De que se trata?"},
				"options": []m{{"value": "queue", "label": m{"en": "Everything", "pt": "Tudo"}, "next": "queue"}}}
		}
		var flow, point struct{ ID string }
		if err := admin.Do(ctx, "POST", "flows", m{"name": channel, "graph": graph}, &flow); err != nil {
			return err
		}
		err := admin.Do(ctx, "POST", "entry-points", m{"name": channel, "channel": channel, "enabled": true, "flow": flow.ID, "languages": []string{"en", "pt"},
			"theme":       m{"title": m{}, "welcome": m{}, "accent": "#336699", "position": "right", "mode": "auto"},
			"attachments": m{"allowed": false, "max_mb": 1, "types": []string{}}}, &point)
		if err != nil {
			return err
		}
		points[channel] = point.ID
	}
	server := func(port int) m { return m{"host": "127.0.0.1", "port": port} }
	err := admin.Do(ctx, "POST", "mailboxes", m{"name": "Mail", "enabled": true, "address": mailAddress, "password": w.demo.Mail.Password, "entry_point": points["email"], "unread": true,
		"imap": server(w.demo.Mail.IMAP), "smtp": server(w.demo.Mail.SMTP)}, nil)
	if err != nil {
		return err
	}
	var list struct {
		Items []drive.EntryPoint `json:"items"`
	}
	if err := admin.Do(ctx, "GET", "entry-points", nil, &list); err != nil {
		return err
	}
	for _, e := range list.Items {
		e.Organisation = ours
		w.demo.EntryPoints = append(w.demo.EntryPoints, e)
	}
	return nil
}
