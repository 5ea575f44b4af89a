package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"nubitalk/internal/server/drive"
)

// conversation is the one that the checks look at from all sides.
type conversation struct {
	visitor     *drive.Visitor
	agent       *drive.User
	interaction string
	contact     string
	attachment  string
}

func consentNeeded(ctx context.Context, w *world) (string, error) {
	entry, err := w.demo.Entry(ours)
	if err != nil {
		return "", err
	}
	var v struct {
		Consent *struct {
			Text    string `json:"text"`
			Version int64  `json:"version"`
			Words   string `json:"words"`
			Link    string `json:"link"`
		} `json:"consent"`
	}
	if err := drive.Public(ctx, w.http, "GET", w.demo.BaseURL+"/chat/v1/entry-points/"+entry+"?lang=en", nil, &v); err != nil {
		return "", err
	}
	if v.Consent == nil || v.Consent.Words == "" {
		return "", errors.New("the visitor is not told what happens with the data")
	}
	start := func(consent any) error {
		in := map[string]any{"name": "Nobody", "language": "en", "message": "hello", "client_id": "c-" + w.mark}
		if consent != nil {
			in["consent"] = consent
		}
		return drive.Public(ctx, w.http, "POST", w.demo.BaseURL+"/chat/v1/entry-points/"+entry+"/conversations", in, nil)
	}
	if err := expect(start(nil), 422, 400); err != nil {
		return "", fmt.Errorf("without consent: %w", err)
	}
	if err := expect(start(map[string]any{"text": v.Consent.Text, "version": v.Consent.Version + 1}), 422, 400); err != nil {
		return "", fmt.Errorf("with consent to another version: %w", err)
	}
	return fmt.Sprintf("the text (version %d, %d characters) is shown first; without agreeing, or agreeing to another version, the chat was refused", v.Consent.Version, len(v.Consent.Words)), nil
}

// conversationKept lets a visitor and an agent talk, with words that no other
// check uses, and reads the conversation back.
func conversationKept(ctx context.Context, w *world) (string, error) {
	entry, err := w.demo.Entry(ours)
	if err != nil {
		return "", err
	}
	agent, live, err := w.readyAgent(ctx, ours)
	if err != nil {
		return "", err
	}
	w.desks = append(w.desks, live) // without its desk the agent would lose the conversation
	v, first, err := drive.Chat(ctx, w.http, w.demo.BaseURL, entry, w.value("display name"), w.value("email address"), w.value("message of the visitor"), "v1-"+w.mark)
	if err != nil {
		return "", fmt.Errorf("starting the chat: %w", err)
	}
	if err := chooseFirst(ctx, v, first); err != nil {
		return "", err
	}
	c := &conversation{visitor: v, agent: agent, interaction: v.Interaction}
	if err := acceptOffer(ctx, agent, live, v.Interaction); err != nil {
		return "", err
	}
	go listen(live)
	for i, m := range []struct{ kind, text string }{{"text", w.value("answer of the agent")}, {"note", w.value("internal note")}} {
		if err := agent.Do(ctx, "POST", "interactions/"+v.Interaction+"/messages", map[string]string{"client_id": fmt.Sprintf("a%d-%s", i, w.mark), "kind": m.kind, "text": m.text}, nil); err != nil {
			return "", fmt.Errorf("the agent's %s: %w", m.kind, err)
		}
	}
	var sent struct {
		Attachment struct {
			ID string `json:"id"`
		} `json:"attachment"`
	}
	if err := drive.Upload(ctx, w.http, v.Base+"/chat/v1/conversation/attachments", v.Token, nil, "f-"+w.mark, w.value("file name"), []byte(w.value("file content")), &sent); err != nil {
		return "", fmt.Errorf("sending a file: %w", err)
	}
	c.attachment = sent.Attachment.ID
	w.talk = c
	got, err := v.Conversation(ctx, 0)
	if err != nil {
		return "", err
	}
	if !has(got.Messages, w.value("message of the visitor")) || !has(got.Messages, w.value("answer of the agent")) {
		return "", errors.New("the conversation does not hold what was said")
	}
	if has(got.Messages, w.value("internal note")) {
		return "", errors.New("the visitor sees the internal note")
	}
	var detail struct {
		Interaction struct {
			Name    string `json:"name"`
			Contact string `json:"contact"`
		} `json:"interaction"`
	}
	if err := agent.Do(ctx, "GET", "interactions/"+v.Interaction, nil, &detail); err != nil {
		return "", err
	}
	if detail.Interaction.Name != w.value("display name") {
		return "", errors.New("the display name is not kept as the visitor gave it")
	}
	c.contact = detail.Interaction.Contact
	return fmt.Sprintf("%d lines and a file were read back as they were written; the display name is the visitor's own", len(got.Messages)), nil
}

// readyAgent signs an agent in, with a live desk, ready for work.
func (w *world) readyAgent(ctx context.Context, organisation string) (*drive.User, *drive.Live, error) {
	u, err := w.user(ctx, organisation, "agent")
	if err != nil {
		return nil, nil, err
	}
	live, err := readyDesk(ctx, u)
	return u, live, err
}

func readyDesk(ctx context.Context, u *drive.User) (*drive.Live, error) {
	live, err := u.Live(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("the live connection: %w", err)
	}
	return live, u.Do(ctx, "PUT", "desk/presence", map[string]string{"presence": "ready", "reason": ""}, nil)
}

// chooseFirst answers the flow's question, if it asks one.
func chooseFirst(ctx context.Context, v *drive.Visitor, c drive.Conversation) error {
	for _, m := range c.Messages {
		if len(m.Buttons) > 0 {
			_, err := v.Choose(ctx, "choice-"+m.ID, m.Buttons[0].Value)
			return err
		}
	}
	return nil
}

// acceptOffer waits until the interaction is offered, and takes it. Others that
// are offered meanwhile are declined.
func acceptOffer(ctx context.Context, u *drive.User, live *drive.Live, interaction string) error {
	for {
		var d drive.Desk
		if err := u.Do(ctx, "GET", "desk", nil, &d); err != nil {
			return err
		}
		for _, o := range d.Offers {
			if o.Interaction.ID == interaction {
				return u.Do(ctx, "POST", "offers/"+o.ID+"/accept", nil, nil)
			}
			_ = u.Do(ctx, "POST", "offers/"+o.ID+"/decline", nil, nil)
		}
		next, cancel := context.WithTimeout(ctx, 2*time.Minute)
		_, err := live.Next(next)
		cancel()
		if err != nil {
			return fmt.Errorf("the chat was not offered to the agent: %w", err)
		}
	}
}

// listen keeps a desk's connection alive until it is closed.
func listen(live *drive.Live) {
	for {
		if _, err := live.Next(context.Background()); err != nil {
			return
		}
	}
}

func has(list []drive.Message, text string) bool {
	for _, m := range list {
		if strings.Contains(m.Text, text) {
			return true
		}
	}
	return false
}

func (w *world) talked() (*conversation, error) {
	if w.talk == nil {
		return nil, errors.New("there is no conversation to look at")
	}
	return w.talk, nil
}

func conversationFound(ctx context.Context, w *world) (string, error) {
	c, err := w.talked()
	if err != nil {
		return "", err
	}
	words := w.value("message of the visitor")
	find := func(organisation, role, by, value string) (int, error) {
		u, err := w.user(ctx, organisation, role)
		if err != nil {
			return 0, err
		}
		var out struct {
			Items []drive.Interaction `json:"items"`
		}
		err = u.Do(ctx, "POST", "interactions/search", map[string]string{by: value}, &out)
		n := 0
		for _, i := range out.Items {
			if i.ID == c.interaction {
				n++
			}
		}
		return n, err
	}
	for _, q := range [][2]string{{"words", words}, {"person", c.contact}, {"address", w.value("email address")}} {
		if n, err := find(ours, "supervisor", q[0], q[1]); err != nil || n != 1 {
			return "", fmt.Errorf("a supervisor found it %d times by %s: %v", n, q[0], err)
		}
	}
	if n, err := find(theirs, "supervisor", "words", words); err != nil || n != 0 {
		return "", fmt.Errorf("another tenant's supervisor found it %d times: %v", n, err)
	}
	if _, err := find(ours, "monitor", "words", words); expect(err, 403) != nil {
		return "", fmt.Errorf("a monitor may search: %w", expect(err, 403))
	}
	return "found by words, person and address by a supervisor; not by another tenant's, and not by a role without the permission", nil
}
