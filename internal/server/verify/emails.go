package verify

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/server/drive"
)

// mailed is an email that is handled, with the provider that has it.
type mailed struct {
	network *provider.Network
	agent   *drive.User
	path    string // of its interaction
}

// provided is how the instance's own mail provider is reached.
func (w *world) provided() (*provider.Network, error) {
	if w.demo.Mail.IMAP == 0 {
		return nil, errors.New("not proven: it needs the mail provider of a demonstration (--demo with what it printed)")
	}
	block, _ := pem.Decode([]byte(w.demo.Mail.Certificate))
	if block == nil {
		return nil, errors.New("the provider's certificate cannot be read")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(c)
	return &provider.Network{Permit: netip.Addr.IsLoopback, Roots: roots}, nil
}

func (w *world) account(address string) provider.Account {
	at := func(port int) provider.Server {
		return provider.Server{Host: "127.0.0.1", Port: port, Security: provider.TLS}
	}
	return provider.Account{User: address, Password: secret.New(w.demo.Mail.Password), IMAP: at(w.demo.Mail.IMAP), SMTP: at(w.demo.Mail.SMTP)}
}

// letter is an email with this run's values, known at the provider by its id.
func (w *world) letter(to, id string) []byte {
	return []byte(strings.ReplaceAll("From: "+w.value("sender of an email")+" <"+w.value("address of an email")+">\nTo: "+to+"\nSubject: "+w.value("subject of an email")+
		"\nMessage-ID: <"+id+"."+w.mark+"@moliceiro.example>\nDate: "+time.Now().Format(time.RFC1123Z)+"\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"+
		"--b\nContent-Type: text/plain; charset=utf-8\n\n"+w.value("text of an email")+"\n"+
		"--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\""+w.value("file name of an email")+"\"\nContent-Transfer-Encoding: base64\n\n"+
		base64.StdEncoding.EncodeToString([]byte(w.value("file of an email")))+"\n--b--\n", "\n", "\r\n"))
}

// original finds an email at its provider as it was sent, and says whether it is marked
// as handled.
func (w *world) original(ctx context.Context, n *provider.Network, address, id string) error {
	b, err := n.Open(ctx, w.account(address))
	if err != nil {
		return err
	}
	defer b.Close()
	if _, err := b.Select(ctx, "INBOX"); err != nil {
		return err
	}
	uids, err := b.Find(ctx, provider.Search{From: 1})
	if err != nil {
		return err
	}
	for _, uid := range uids {
		m, err := b.Fetch(ctx, uid, message.Standard)
		if err != nil {
			return err
		}
		if m == nil || m.ID != id+"."+w.mark+"@moliceiro.example" {
			continue
		}
		if strings.TrimSpace(m.Text.Reveal()) != w.value("text of an email") || len(m.Files) != 1 {
			return errors.New("the original at the provider is not what was sent")
		}
		return nil
	}
	return errors.New("the original is not at the provider any more")
}

// mailboxOwn looks at how a mailbox is connected.
func mailboxOwn(ctx context.Context, w *world) (string, error) {
	if _, err := w.provided(); err != nil {
		return "", err
	}
	admin, err := w.user(ctx, ours, "administrator")
	if err != nil {
		return "", err
	}
	var raw []byte
	if err := admin.Do(ctx, "GET", "mailboxes", nil, &raw); err != nil {
		return "", err
	}
	if strings.Contains(string(raw), w.demo.Mail.Password) {
		return "", errors.New("the API shows the password")
	}
	type trial struct {
		IMAP, SMTP struct {
			OK    bool `json:"ok"`
			Fault struct {
				Step   string `json:"step"`
				Reason string `json:"reason"`
			} `json:"fault"`
		}
	}
	try := func(password, security string) (t trial, err error) {
		err = admin.Do(ctx, "POST", "mailboxes/try", map[string]any{"name": "Trial " + w.mark, "address": w.demo.Mail.Spare, "password": password, "entry_point": "",
			"imap": map[string]any{"host": "127.0.0.1", "port": w.demo.Mail.IMAP, "security": security}, "smtp": map[string]any{"host": "127.0.0.1", "port": w.demo.Mail.SMTP, "security": security}}, &t)
		return t, err
	}
	if t, err := try(w.demo.Mail.Password, "tls"); err != nil || !t.IMAP.OK || !t.SMTP.OK {
		return "", fmt.Errorf("an account was not accepted with its own password: %+v %v", t, err)
	}
	if t, err := try("another password", "tls"); err != nil || t.IMAP.Fault.Step != "sign_in" || t.SMTP.Fault.Step != "sign_in" {
		return "", fmt.Errorf("an account with a wrong password did not fail in signing in: %+v %v", t, err)
	}
	if _, err := try(w.demo.Mail.Password, "none"); expect(err, 400, 422) != nil {
		return "", fmt.Errorf("without TLS: %w", expect(err, 400, 422))
	}
	_, size, finds, err := w.scan(ctx)
	if err != nil {
		return "", err
	}
	if len(finds) > 0 {
		return "", fmt.Errorf("found in the clear: %s", strings.Join(finds, "; "))
	}
	return fmt.Sprintf("IMAP and submission were signed in to with the account's password, and with no other; without TLS was refused; the password is in no answer, and not in %.1f MB of files", float64(size)/1e6), nil
}

// emailHandled has an email arrive, and an agent read and answer it; while it is open,
// nothing of it may be in a file.
func emailHandled(ctx context.Context, w *world) (string, error) {
	n, err := w.provided()
	if err != nil {
		return "", err
	}
	agent, err := w.user(ctx, ours, "agent")
	if err != nil {
		return "", err
	}
	live, err := readyDesk(ctx, agent)
	if err != nil {
		return "", err
	}
	defer live.Close()
	m := &mailed{network: n, agent: agent}
	if err := n.Send(ctx, w.account(w.demo.Mail.Spare), provider.Letter{From: w.value("address of an email"), To: []string{w.demo.Mail.Address}, Octets: w.letter(w.demo.Mail.Address, "handled")}); err != nil {
		return "", fmt.Errorf("sending the email: %w", err)
	}
	interaction, err := w.takeEmail(ctx, agent, live)
	if err != nil {
		return "", err
	}
	m.path = "interactions/" + interaction
	var read struct {
		Subject string `json:"subject"`
		Text    string `json:"text"`
		Files   []struct {
			Name string `json:"name"`
		} `json:"files"`
	}
	if err := agent.Do(ctx, "GET", m.path+"/email", nil, &read); err != nil {
		return "", err
	}
	var file []byte
	if err := agent.Do(ctx, "GET", m.path+"/email/files/0", nil, &file); err != nil {
		return "", err
	}
	if read.Subject != w.value("subject of an email") || strings.TrimSpace(read.Text) != w.value("text of an email") || len(read.Files) != 1 || read.Files[0].Name != w.value("file name of an email") || string(file) != w.value("file of an email") {
		return "", errors.New("the agent does not read what was written")
	}
	var sent struct {
		State string `json:"state"`
	}
	if err := agent.Do(ctx, "POST", m.path+"/email/reply", map[string]any{"client_id": "r-" + w.mark, "text": w.value("answer to an email"), "quote": true}, &sent); err != nil || sent.State != "sent" {
		return "", fmt.Errorf("the answer is %q: %w", sent.State, err)
	}
	w.mail = m
	files, err := w.nowhere(ctx)
	if err != nil {
		return "", err
	}
	if err := w.original(ctx, n, w.demo.Mail.Address, "handled"); err != nil {
		return "", err
	}
	return fmt.Sprintf("an agent read its text and its file, and answered; none of %d files (write-ahead log included), the log and the metrics has its sender, subject, text, file's name or content, or the answer; the original is at the provider", files), nil
}

// takeEmail takes the first email that is offered.
func (w *world) takeEmail(ctx context.Context, agent *drive.User, live *drive.Live) (string, error) {
	for {
		var d struct {
			Offers []struct {
				ID          string `json:"id"`
				Interaction struct {
					ID      string `json:"id"`
					Channel string `json:"channel"`
					Name    string `json:"name"`
				} `json:"interaction"`
			} `json:"offers"`
		}
		if err := agent.Do(ctx, "GET", "desk", nil, &d); err != nil {
			return "", err
		}
		for _, o := range d.Offers {
			if o.Interaction.Channel == "email" && o.Interaction.Name == w.value("sender of an email") {
				return o.Interaction.ID, agent.Do(ctx, "POST", "offers/"+o.ID+"/accept", nil, nil)
			}
			_ = agent.Do(ctx, "POST", "offers/"+o.ID+"/decline", nil, nil)
		}
		next, cancel := context.WithTimeout(ctx, 2*time.Minute)
		_, err := live.Next(next)
		cancel()
		if err != nil {
			return "", fmt.Errorf("the email was not offered to the agent: %w", err)
		}
	}
}

// nowhere says in how many places it was looked, and fails where a value was found.
func (w *world) nowhere(ctx context.Context) (files int, err error) {
	files, _, finds, err := w.scan(ctx)
	if err == nil && len(finds) > 0 {
		err = fmt.Errorf("found: %s", strings.Join(finds, "; "))
	}
	if err == nil && files == 0 {
		err = errors.New("there was nothing to look at")
	}
	return files, err
}

// emailGone closes the work of it.
func emailGone(ctx context.Context, w *world) (string, error) {
	m := w.mail
	if m == nil {
		return "", errors.New("there is no email that is handled")
	}
	if err := m.agent.Do(ctx, "POST", m.path+"/finish", nil, nil); err != nil {
		return "", err
	}
	if err := complete(ctx, m.agent, m.path, map[string]any{"labels": []string{}}); err != nil {
		return "", err
	}
	closed := time.Now()
	for _, what := range []string{"", "/files/0"} {
		if err := expect(m.agent.Do(ctx, "GET", m.path+"/email"+what, nil, nil), 404, 410); err != nil {
			return "", fmt.Errorf("reading it after it was handled: %w", err)
		}
	}
	supervisor, err := w.user(ctx, ours, "supervisor")
	if err != nil {
		return "", err
	}
	var kept json.RawMessage
	if err := supervisor.Do(ctx, "GET", m.path, nil, &kept); err != nil {
		return "", err
	}
	for _, name := range []string{"subject of an email", "text of an email", "file name of an email", "answer to an email"} {
		if strings.Contains(string(kept), w.value(name)) {
			return "", fmt.Errorf("the interaction's record has the %s", name)
		}
	}
	files, err := w.nowhere(ctx)
	if err != nil {
		return "", err
	}
	if err := w.original(ctx, m.network, w.demo.Mail.Address, "handled"); err != nil {
		return "", err
	}
	return fmt.Sprintf("reading it was refused at once, and %.1f s after its work was closed nothing of it is in %d files, the log, the metrics or the interaction's record; the original is at the provider", time.Since(closed).Seconds(), files), nil
}

// emailRejected connects a second mailbox, whose flow rejects all that comes, for a reason
// whose words are told to who wrote.
func emailRejected(ctx context.Context, w *world) (_ string, err error) {
	n, err := w.provided()
	if err != nil {
		return "", err
	}
	admin, err := w.user(ctx, ours, "administrator")
	if err != nil {
		return "", err
	}
	var made []string
	defer func() {
		for i := len(made) - 1; i >= 0; i-- {
			_ = admin.Do(context.WithoutCancel(ctx), "DELETE", made[i], nil, nil) // of a demonstration that goes on: best left as it was
		}
	}()
	create := func(kind string, body map[string]any) (string, error) {
		var out struct {
			ID      string `json:"id"`
			Version int    `json:"version"`
		}
		if err := admin.Do(ctx, "POST", kind, body, &out); err != nil {
			return "", fmt.Errorf("making one of the %s: %w", kind, err)
		}
		made = append(made, fmt.Sprintf("%s/%s?version=%d", kind, out.ID, out.Version))
		return out.ID, nil
	}
	name := "Rejecting " + w.mark
	reason, err := create("reject-reasons", map[string]any{"name": name, "text": map[string]any{"en": "Nobody reads this mailbox."}})
	if err != nil {
		return "", err
	}
	flow, err := create("flows", map[string]any{"name": name, "graph": map[string]any{"start": "no", "nodes": map[string]any{"no": map[string]any{"type": "close", "reject": reason}}}})
	if err != nil {
		return "", err
	}
	point, err := create("entry-points", map[string]any{"name": name, "channel": "email", "flow": flow, "languages": []string{"en"},
		"theme":       map[string]any{"title": map[string]any{}, "welcome": map[string]any{}, "accent": "#336699", "position": "right", "mode": "auto"},
		"attachments": map[string]any{"allowed": false, "max_mb": 1, "types": []string{}}})
	if err != nil {
		return "", err
	}
	if _, err := create("mailboxes", map[string]any{"name": name, "address": w.demo.Mail.Spare, "password": w.demo.Mail.Password, "entry_point": point, "unread": true,
		"imap": map[string]any{"host": "127.0.0.1", "port": w.demo.Mail.IMAP}, "smtp": map[string]any{"host": "127.0.0.1", "port": w.demo.Mail.SMTP}}); err != nil {
		return "", err
	}
	if err := n.Send(ctx, w.account(w.demo.Mail.Spare), provider.Letter{From: w.value("address of an email"), To: []string{w.demo.Mail.Spare}, Octets: w.letter(w.demo.Mail.Spare, "rejected")}); err != nil {
		return "", err
	}
	supervisor, err := w.user(ctx, ours, "supervisor")
	if err != nil {
		return "", err
	}
	type item struct {
		ID     string `json:"id"`
		Closed string `json:"close_reason"`
	}
	for {
		var out struct {
			Items []item `json:"items"`
		}
		if err := supervisor.Do(ctx, "POST", "interactions/search", map[string]string{"state": "closed", "address": w.value("address of an email")}, &out); err != nil {
			return "", err
		}
		if slices.ContainsFunc(out.Items, func(i item) bool { return i.Closed == "rejected" }) {
			break
		}
		select {
		case <-ctx.Done():
			return "", errors.New("the email was not rejected")
		case <-time.After(100 * time.Millisecond):
		}
	}
	files, err := w.nowhere(ctx)
	if err != nil {
		return "", err
	}
	if err := w.original(ctx, n, w.demo.Mail.Spare, "rejected"); err != nil {
		return "", err
	}
	return fmt.Sprintf("its flow rejected it for a reason before any agent saw it, which is told to who wrote; nothing of it is in %d files, the log or the metrics; the original is at the provider", files), nil
}
