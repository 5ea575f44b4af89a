package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"
)

// Problem is an error answer (RFC 9457).
type Problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	After  string `json:"-"` // Retry-After
	// Current, of a conflict, is the object as it is now.
	Current json.RawMessage `json:"current"`
}

func (p *Problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail) }

// call makes one request. A nil in sends no body; a nil out drops the answer.
func call(ctx context.Context, c *http.Client, method, url, token string, cookie *http.Cookie, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return send(c, r, token, cookie, out)
}

func send(c *http.Client, r *http.Request, token string, cookie *http.Cookie, out any) error {
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if cookie != nil {
		r.AddCookie(cookie)
	}
	res, err := c.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 400 {
		p := &Problem{Status: res.StatusCode, After: res.Header.Get("Retry-After")}
		_ = json.Unmarshal(b, p)
		p.Status = res.StatusCode
		return p
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = b
		return nil
	}
	if out == nil || len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, out)
}

// User is a signed-in user.
type User struct {
	Base   string
	HTTP   *http.Client
	Cookie *http.Cookie
	Token  string // of an API key, in place of the cookie
}

// SignIn signs a user in.
func SignIn(ctx context.Context, c *http.Client, base string, l Login) (*User, error) {
	b, err := json.Marshal(map[string]string{"organisation": l.Organisation, "user_name": l.UserName, "password": l.Password})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, "POST", base+"/api/v1/sign-in", bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != 200 {
		return nil, fmt.Errorf("sign-in of %s: %d %s", l.UserName, res.StatusCode, body)
	}
	for _, k := range res.Cookies() {
		return &User{Base: base, HTTP: c, Cookie: k}, nil
	}
	return nil, fmt.Errorf("sign-in of %s gave no cookie", l.UserName)
}

// Do makes a request below /api/v1.
func (u *User) Do(ctx context.Context, method, path string, in, out any) error {
	return call(ctx, u.HTTP, method, u.Base+"/api/v1/"+path, u.Token, u.Cookie, in, out)
}

// Send posts octets of a type, as they are.
func (u *User) Send(ctx context.Context, path, kind string, octets []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, "POST", u.Base+"/api/v1/"+path, bytes.NewReader(octets))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", kind)
	return send(u.HTTP, r, u.Token, u.Cookie, out)
}

// Message is a line of a conversation.
type Message struct {
	Interaction string    `json:"interaction"`
	Seq         int64     `json:"seq"`
	ID          string    `json:"id"`
	AuthorKind  string    `json:"author_kind"`
	Kind        string    `json:"kind"`
	Text        string    `json:"text"`
	Buttons     []Button  `json:"buttons"`
	Event       string    `json:"event"`
	ClientID    string    `json:"client_id"`
	At          time.Time `json:"at"`
}

// Button is a choice.
type Button struct{ Value, Label string }

// State is what a visitor is told.
type State struct {
	State     string `json:"state"`
	Position  int    `json:"position"`
	AgentName string `json:"agent_name"`
	Open      bool   `json:"open"`
	Ended     bool   `json:"ended"`
}

// Interaction is an interaction as users see it.
type Interaction struct {
	ID         string    `json:"id"`
	State      string    `json:"state"`
	Agent      string    `json:"agent"`
	Queue      string    `json:"queue"`
	Name       string    `json:"name"`
	AnsweredAt time.Time `json:"answered_at"`
}

// Offer is an interaction offered to an agent.
type Offer struct {
	ID          string      `json:"id"`
	Interaction Interaction `json:"interaction"`
}

// Desk is what an agent's desk starts from.
type Desk struct {
	Me struct {
		User     string `json:"user"`
		Presence string `json:"presence"`
	} `json:"me"`
	Offers []Offer       `json:"offers"`
	Work   []Interaction `json:"work"`
}

// Visitor is a person who chats.
type Visitor struct {
	Base        string
	HTTP        *http.Client
	Token       string
	Interaction string
}

// EntryPoint is what the widget learns first.
type EntryPointView struct {
	Open    bool `json:"open"`
	Consent *struct {
		Text    string `json:"text"`
		Version int64  `json:"version"`
	} `json:"consent"`
}

// Conversation is what a visitor sees.
type Conversation struct {
	State    State     `json:"state"`
	Messages []Message `json:"messages"`
	Last     int64     `json:"last"`
	More     bool      `json:"more"`
}

// Chat starts a conversation with name, email (may be empty) and a message.
func Chat(ctx context.Context, c *http.Client, base, entry, name, email, message, clientID string) (*Visitor, Conversation, error) {
	var view EntryPointView
	if err := call(ctx, c, "GET", base+"/chat/v1/entry-points/"+entry, "", nil, nil, &view); err != nil {
		return nil, Conversation{}, err
	}
	in := map[string]any{"name": name, "email": email, "language": "en", "message": message, "client_id": clientID}
	if view.Consent != nil {
		in["consent"] = map[string]any{"text": view.Consent.Text, "version": view.Consent.Version}
	}
	if !view.Open {
		in["left_message"] = true
	}
	var out struct {
		Token       string `json:"token"`
		Interaction string `json:"interaction"`
		Conversation
	}
	if err := call(ctx, c, "POST", base+"/chat/v1/entry-points/"+entry+"/conversations", "", nil, in, &out); err != nil {
		return nil, Conversation{}, err
	}
	return &Visitor{Base: base, HTTP: c, Token: out.Token, Interaction: out.Interaction}, out.Conversation, nil
}

// Do makes a request below /chat/v1/conversation.
func (v *Visitor) Do(ctx context.Context, method, path string, in, out any) error {
	return call(ctx, v.HTTP, method, v.Base+"/chat/v1/conversation"+path, v.Token, nil, in, out)
}

// Say sends a message.
func (v *Visitor) Say(ctx context.Context, clientID, text string) (m Message, err error) {
	err = v.Do(ctx, "POST", "/messages", map[string]string{"client_id": clientID, "text": text}, &m)
	return m, err
}

// Choose sends a button's value.
func (v *Visitor) Choose(ctx context.Context, clientID, value string) (m Message, err error) {
	err = v.Do(ctx, "POST", "/choice", map[string]string{"client_id": clientID, "value": value}, &m)
	return m, err
}

// Conversation fetches everything after a sequence number.
func (v *Visitor) Conversation(ctx context.Context, after int64) (c Conversation, err error) {
	err = v.Do(ctx, "GET", fmt.Sprintf("?after=%d", after), nil, &c)
	return c, err
}

// Get fetches a page.
func Get(ctx context.Context, c *http.Client, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != 200 {
		err = &Problem{Status: res.StatusCode, Detail: string(b)}
	}
	return b, err
}

// Upload sends a file as multipart/form-data to a path below base.
func Upload(ctx context.Context, c *http.Client, url, token string, cookie *http.Cookie, clientID, name string, data []byte, out any) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("client_id", clientID); err != nil {
		return err
	}
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		return err
	}
	if _, err := part.Write(data); err != nil {
		return err
	}
	if err := form.Close(); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, "POST", url, &body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	return send(c, r, token, cookie, out)
}

// Public makes a request without a sign-in.
func Public(ctx context.Context, c *http.Client, method, url string, in, out any) error {
	return call(ctx, c, method, url, "", nil, in, out)
}
