package verify

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"nubitalk/internal/server/drive"
)

func otherTenantSeesNothing(ctx context.Context, w *world) (string, error) {
	c, err := w.talked()
	if err != nil {
		return "", err
	}
	paths := []string{"interactions/" + c.interaction, "interactions/" + c.interaction + "/messages", "interactions/" + c.interaction + "/attachments/" + c.attachment, "contacts/" + c.contact}
	tried := 0
	for _, role := range []string{"administrator", "supervisor", "agent"} {
		u, err := w.user(ctx, theirs, role)
		if err != nil {
			continue // a small tenant need not have every role
		}
		for _, p := range paths {
			tried++
			if err := expect(u.Do(ctx, "GET", p, nil, nil), 403, 404); err != nil {
				return "", fmt.Errorf("%s of another tenant, %s: %w", role, kind(p), err)
			}
		}
	}
	if tried == 0 {
		return "", errors.New("no user of another tenant could be tried")
	}
	stranger := &drive.Visitor{Base: w.demo.BaseURL, HTTP: w.http, Token: strings.Replace(c.visitor.Token, ".", ".x", 1)}
	if _, err := stranger.Conversation(ctx, 0); expect(err, 401) != nil {
		return "", fmt.Errorf("a guessed token: %w", expect(err, 401))
	}
	return fmt.Sprintf("%d requests of another tenant's users for the conversation, its file and its contact were refused, and so was a guessed visitor token", tried), nil
}

// kind shortens a path to what it asks for.
func kind(path string) string {
	parts := strings.Split(path, "/")
	if len(parts) > 2 {
		return parts[0] + "/" + parts[2]
	}
	return parts[0]
}

func providerSeesNothing(ctx context.Context, w *world) (string, error) {
	c, err := w.talked()
	if err != nil {
		return "", err
	}
	tried := 0
	for _, role := range []string{"operator", "reseller"} {
		u, err := w.anyUser(ctx, role)
		if err != nil {
			return "", err
		}
		for _, p := range []string{"interactions", "interactions/" + c.interaction, "interactions/" + c.interaction + "/messages", "contacts", "contacts/" + c.contact, "users", "audit", "floor", "desk"} {
			tried++
			if p == "users" || p == "audit" { // its own organisation's, never a tenant's
				if err := w.ownOnly(ctx, u, p, c); err != nil {
					return "", fmt.Errorf("%s, %s: %w", role, p, err)
				}
				continue
			}
			if err := expect(u.Do(ctx, "GET", p, nil, nil), 403, 404); err != nil {
				return "", fmt.Errorf("%s, %s: %w", role, kind(p), err)
			}
		}
	}
	return fmt.Sprintf("%d requests of operator and reseller for content, contacts and people were refused, or answered with nothing of a tenant", tried), nil
}

// ownOnly says whether a list that a provider may read holds anything of a
// tenant: its people, its conversation or its contact.
func (w *world) ownOnly(ctx context.Context, u *drive.User, path string, c *conversation) error {
	var list, staff []byte
	if err := u.Do(ctx, "GET", path, nil, &list); err != nil {
		return expect(err, 403, 404)
	}
	admin, err := w.user(ctx, ours, "administrator")
	if err != nil {
		return err
	}
	if err := admin.Do(ctx, "GET", "users", nil, &staff); err != nil {
		return err
	}
	for _, id := range append(userIDs.FindAllString(string(staff), -1), c.interaction, c.contact) {
		if strings.Contains(string(list), id) {
			return fmt.Errorf("it shows %s of a tenant", id)
		}
	}
	return nil
}

var userIDs = regexp.MustCompile(`usr_[0-9a-z]{26}`)

// anyUser signs in as the first login with a role, of whatever organisation.
func (w *world) anyUser(ctx context.Context, role string) (*drive.User, error) {
	for _, l := range w.demo.Logins {
		for _, r := range l.Roles {
			if r == role {
				return w.user(ctx, l.Organisation, role)
			}
		}
	}
	return nil, fmt.Errorf("there is no login for %s", role)
}

// newUser makes a user with a user name only, and signs it in with a password
// of its own choice.
func (w *world) newUser(ctx context.Context, admin *drive.User, organisation, name string, roles []string, profile any) (id string, u *drive.User, err error) {
	var made struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
		Password string `json:"password"`
	}
	in := map[string]any{"user_name": name, "roles": roles}
	if profile != nil {
		in["profile"] = profile
	}
	if err := admin.Do(ctx, "POST", "users", in, &made); err != nil {
		return "", nil, fmt.Errorf("making a user: %w", err)
	}
	u, err = w.firstSignIn(ctx, organisation, name, made.Password)
	return made.User.ID, u, err
}

// firstSignIn uses a one-time password: nothing works before it is changed.
func (w *world) firstSignIn(ctx context.Context, organisation, name, once string) (*drive.User, error) {
	l := drive.Login{Organisation: organisation, UserName: name, Password: once}
	u, err := drive.SignIn(ctx, w.http, w.demo.BaseURL, l)
	if err != nil {
		return nil, fmt.Errorf("signing in with the one-time password: %w", err)
	}
	if err := expect(u.Do(ctx, "GET", "users", nil, nil), 403); err != nil {
		return nil, fmt.Errorf("before the first change of the password: %w", err)
	}
	l.Password = w.password()
	if err := u.Do(ctx, "POST", "me/password", map[string]string{"current": once, "new": l.Password}, nil); err != nil {
		return nil, fmt.Errorf("choosing an own password: %w", err)
	}
	if _, err := drive.SignIn(ctx, w.http, w.demo.BaseURL, drive.Login{Organisation: organisation, UserName: name, Password: once}); err == nil {
		return nil, errors.New("the one-time password works twice")
	}
	return drive.SignIn(ctx, w.http, w.demo.BaseURL, l)
}

func accountsAndRoles(ctx context.Context, w *world) (string, error) {
	admin, err := w.user(ctx, ours, "administrator")
	if err != nil {
		return "", err
	}
	id, u, err := w.newUser(ctx, admin, ours, "v-"+w.mark, []string{"agent"}, map[string]string{"display_name": w.value("profile of a user"), "email": "", "phone": ""})
	if err != nil {
		return "", err
	}
	for _, p := range []string{"users", "audit", "floor"} {
		if err := expect(u.Do(ctx, "GET", p, nil, nil), 403); err != nil {
			return "", fmt.Errorf("an agent, %s: %w", p, err)
		}
	}
	var view struct {
		Version int64 `json:"version"`
	}
	if err := admin.Do(ctx, "GET", "users/"+id, nil, &view); err != nil {
		return "", err
	}
	if err := admin.Do(ctx, "PATCH", "users/"+id, map[string]any{"version": view.Version, "roles": []string{"supervisor"}}, nil); err != nil {
		return "", fmt.Errorf("changing the role: %w", err)
	}
	again, err := drive.SignIn(ctx, w.http, w.demo.BaseURL, drive.Login{Organisation: ours, UserName: "v-" + w.mark, Password: w.password()})
	if err != nil {
		return "", err
	}
	if err := again.Do(ctx, "GET", "floor", nil, nil); err != nil {
		return "", fmt.Errorf("the new role is not in force: %w", err)
	}
	if err := admin.Do(ctx, "DELETE", "users/"+id, nil, nil); err != nil {
		return "", fmt.Errorf("removing the user: %w", err)
	}
	if err := expect(again.Do(ctx, "GET", "me", nil, nil), 401); err != nil {
		return "", fmt.Errorf("the removed user's session: %w", err)
	}
	return "a user was made with a one-time password, had to change it, got another role and was removed; each role could do its own things and no others", nil
}

func pseudonymIsEnough(ctx context.Context, w *world) (string, error) {
	admin, err := w.user(ctx, ours, "administrator")
	if err != nil {
		return "", err
	}
	name := "p-" + w.mark
	id, u, err := w.newUser(ctx, admin, ours, name, []string{"agent"}, nil)
	if err != nil {
		return "", err
	}
	live, err := readyDesk(ctx, u)
	if err != nil {
		return "", err
	}
	live.Close()
	var made struct {
		Password string `json:"password"`
	}
	if err := admin.Do(ctx, "POST", "users/"+id+"/password", nil, &made); err != nil {
		return "", fmt.Errorf("a new password from the administrator: %w", err)
	}
	if _, err := drive.SignIn(ctx, w.http, w.demo.BaseURL, drive.Login{Organisation: ours, UserName: name, Password: made.Password}); err != nil {
		return "", fmt.Errorf("signing in with it: %w", err)
	}
	return "a user with a user name and no name, email or phone signed in, opened a desk, and got a new password without either", admin.Do(ctx, "DELETE", "users/"+id, nil, nil)
}

func auditNamesUsers(ctx context.Context, w *world) (string, error) {
	admin, err := w.user(ctx, ours, "administrator")
	if err != nil {
		return "", err
	}
	var me struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if err := admin.Do(ctx, "GET", "me", nil, &me); err != nil {
		return "", err
	}
	var skill struct {
		ID string `json:"id"`
	}
	if err := admin.Do(ctx, "POST", "skills", map[string]string{"name": "Skill " + w.mark}, &skill); err != nil {
		return "", err
	}
	var log struct {
		Items []struct {
			Actor  string            `json:"actor"`
			Action string            `json:"action"`
			Object string            `json:"object"`
			Hash   string            `json:"hash"`
			Detail map[string]string `json:"detail"`
		} `json:"items"`
	}
	if err := admin.Do(ctx, "GET", "audit?object="+skill.ID, nil, &log); err != nil {
		return "", err
	}
	if len(log.Items) != 1 || log.Items[0].Actor != me.User.ID || log.Items[0].Hash == "" {
		return "", fmt.Errorf("the change is there %d times, or not under the user's id", len(log.Items))
	}
	officer, err := w.user(ctx, ours, "privacy_officer")
	if err != nil {
		return "", err
	}
	if c, err := w.talked(); err == nil {
		if err := officer.Do(ctx, "GET", "contacts/"+c.contact, nil, nil); err != nil {
			return "", err
		}
		if err := officer.Do(ctx, "GET", "audit?object="+c.contact, nil, &log); err != nil {
			return "", err
		}
		if len(log.Items) == 0 {
			return "", errors.New("reading a contact leaves no trace")
		}
	}
	return "a change of set-up and the reading of a contact are in the log under the users' own ids, chained by hashes", nil
}

func policiesPerTenant(ctx context.Context, w *world) (string, error) {
	read := func(organisation string) (u *drive.User, rules map[string]any, err error) {
		if u, err = w.user(ctx, organisation, "administrator"); err != nil {
			return nil, nil, err
		}
		return u, rules, u.Do(ctx, "GET", "rules", nil, &rules)
	}
	ourAdmin, mine, err := read(ours)
	if err != nil {
		return "", err
	}
	_, before, err := read(theirs)
	if err != nil {
		return "", err
	}
	old := mine["conversation_days"]
	change := func(days any) error {
		var now map[string]any
		if err := ourAdmin.Do(ctx, "GET", "rules", nil, &now); err != nil {
			return err
		}
		body := map[string]any{}
		for k, v := range now {
			switch k {
			case "id", "position", "created_at", "updated_at", "archived_at", "$schema":
			default:
				body[k] = v
			}
		}
		body["conversation_days"] = days
		return ourAdmin.Do(ctx, "PUT", "rules", body, nil)
	}
	if err := change(77); err != nil {
		return "", fmt.Errorf("changing the rules: %w", err)
	}
	_, mine, err = read(ours)
	if err != nil {
		return "", err
	}
	_, after, err := read(theirs)
	if err != nil {
		return "", err
	}
	if fmt.Sprint(mine["conversation_days"]) != "77" || fmt.Sprint(after) != fmt.Sprint(before) {
		return "", errors.New("the rules of one tenant are not its own")
	}
	return "one tenant's retention was changed, the other's stayed", change(old)
}

func newTenantWorks(ctx context.Context, w *world) (string, error) {
	began := time.Now()
	operator, err := w.anyUser(ctx, "operator")
	if err != nil {
		return "", err
	}
	var made struct {
		Password string `json:"password"`
	}
	slug := "t-" + w.mark
	if err := operator.Do(ctx, "POST", "organisations", map[string]string{"kind": "tenant", "slug": slug, "name": "Tenant " + w.mark, "language": "en", "time_zone": "Europe/Lisbon", "administrator": "admin"}, &made); err != nil {
		return "", fmt.Errorf("creating a tenant: %w", err)
	}
	admin, err := w.firstSignIn(ctx, slug, "admin", made.Password)
	if err != nil {
		return "", err
	}
	_, agent, err := w.newUser(ctx, admin, slug, "a1", []string{"agent"}, nil)
	if err != nil {
		return "", err
	}
	var points struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := admin.Do(ctx, "GET", "entry-points", nil, &points); err != nil || len(points.Items) == 0 {
		return "", fmt.Errorf("a new tenant has no entry point: %v", err)
	}
	if err := openAllDay(ctx, admin); err != nil {
		return "", err
	}
	live, err := readyDesk(ctx, agent)
	if err != nil {
		return "", err
	}
	defer live.Close()
	v, first, err := drive.Chat(ctx, w.http, w.demo.BaseURL, points.Items[0].ID, "", "", "first", "n-"+w.mark)
	if err != nil {
		return "", err
	}
	if err := chooseFirst(ctx, v, first); err != nil {
		return "", err
	}
	if err := acceptOffer(ctx, agent, live, v.Interaction); err != nil {
		return "", err
	}
	return fmt.Sprintf("from nothing to a chat with an agent in %.1f s, with the set-up that a new tenant starts with", time.Since(began).Seconds()), nil
}

// openAllDay opens a tenant's hours now, as its administrator would at night.
func openAllDay(ctx context.Context, admin *drive.User) error {
	var hours struct {
		Items []map[string]any `json:"items"`
	}
	if err := admin.Do(ctx, "GET", "hours", nil, &hours); err != nil {
		return err
	}
	for _, h := range hours.Items {
		weekly := []map[string]any{}
		for day := range 7 {
			weekly = append(weekly, map[string]any{"day": day, "from": "00:00", "to": "24:00"})
		}
		body := map[string]any{"version": h["version"], "name": h["name"], "time_zone": h["time_zone"], "weekly": weekly, "dates": []any{}}
		if err := admin.Do(ctx, "PUT", "hours/"+url.PathEscape(fmt.Sprint(h["id"])), body, nil); err != nil {
			return err
		}
	}
	return nil
}
