package provider

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/smtp"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"nubitalk/internal/base/secret"
)

// Letter is a message to be sent.
type Letter struct {
	From   string
	To     []string
	Octets []byte
	// Envelope names it in what is reported of its delivery, where the server offers to
	// report (RFC 3461): letters, digits, "." and "_", at most 100. Without it, nothing is
	// to be reported.
	Envelope string
}

// Send submits a message. Of a fault, Unsure says that the server may have accepted
// it: the connection ended after the last octet and before the answer.
func (n *Network) Send(ctx context.Context, a Account, l Letter) error {
	return n.submission(ctx, a, func(c *smtp.Client) error { return deliver(c, a.SMTP.Host, l) })
}

// deliver says a letter to a server to which we are signed in.
func deliver(c *smtp.Client, host string, l Letter) error {
	if ok, most := c.Extension("SIZE"); ok { // RFC 1870, 4
		if n, err := strconv.Atoi(most); err == nil && n > 0 && len(l.Octets) > n {
			return &Fault{Step: StepMessage, Reason: TooLarge, Host: host}
		}
	}
	if err := envelope(c, l); err != nil {
		return answered(err, host)
	}
	w, err := c.Data()
	if err != nil {
		return answered(err, host)
	}
	if _, err := bytes.NewReader(l.Octets).WriteTo(w); err != nil {
		return answered(err, host) // without its end it is no message
	}
	if err := w.Close(); err != nil {
		f := answered(err, host)
		f.Unsure = f.Code == 0
		return f
	}
	_ = c.Quit() // it is accepted, whatever comes now
	return nil
}

// envelope says from whom and to whom. Of delivery it wants to hear failures and delays,
// with the header of the message alone (RFC 3461).
func envelope(c *smtp.Client, l Letter) (err error) {
	if l.From, err = path(l.From); err != nil {
		return err
	}
	l.To = slices.Clone(l.To)
	for i := range l.To {
		if l.To[i], err = path(l.To[i]); err != nil {
			return err
		}
	}
	if ok, _ := c.Extension("DSN"); !ok {
		if err := c.Mail(l.From); err != nil {
			return err
		}
		for _, to := range l.To {
			if err := c.Rcpt(to); err != nil {
				return err
			}
		}
		return nil
	}
	from, to := "", " NOTIFY=NEVER"
	for name, says := range map[string]string{"8BITMIME": " BODY=8BITMIME", "SMTPUTF8": " SMTPUTF8"} { // as net/smtp does
		if ok, _ := c.Extension(name); ok {
			from += says
		}
	}
	if l.Envelope != "" {
		from += " RET=HDRS ENVID=" + l.Envelope
		to = " NOTIFY=FAILURE,DELAY"
	}
	if err := command(c, 250, "MAIL FROM:<"+l.From+">"+from); err != nil {
		return err
	}
	for _, one := range l.To {
		if err := command(c, 25, "RCPT TO:<"+one+">"+to); err != nil {
			return err
		}
	}
	return nil
}

// command says one line.
func command(c *smtp.Client, want int, line string) error {
	id, err := c.Text.Cmd("%s", line)
	if err != nil {
		return err
	}
	c.Text.StartResponse(id)
	defer c.Text.EndResponse(id)
	_, _, err = c.Text.ReadResponse(want)
	return err
}

// submission signs in for sending.
func (n *Network) submission(ctx context.Context, a Account, fn func(*smtp.Client) error) error {
	return withToken(ctx, a, func(token secret.Text) error { return n.submissionWith(ctx, a, token, fn) })
}

func (n *Network) submissionWith(ctx context.Context, a Account, token secret.Text, fn func(*smtp.Client) error) error {
	s := a.SMTP
	conn, err := n.dial(ctx, s)
	if err != nil {
		return err
	}
	if s.Security == TLS {
		if conn, err = n.secure(ctx, conn, s); err != nil {
			return err
		}
	}
	err = within(ctx, conn, 4*n.patience(), func() error {
		c, err := smtp.NewClient(conn, s.Host)
		if err != nil {
			return greeting(err, s.Host)
		}
		defer func() { _ = c.Close() }()
		if err := c.Hello(ourName(conn)); err != nil {
			return greeting(err, s.Host)
		}
		if s.Security == STARTTLS {
			if ok, _ := c.Extension("STARTTLS"); !ok {
				return &Fault{Step: StepSecure, Reason: NoTLS, Host: s.Host}
			}
			if err := c.StartTLS(n.tlsConfig(s)); err != nil {
				return &Fault{Step: StepSecure, Reason: certificate(err), Host: s.Host, cause: err}
			}
		}
		if err := c.Auth(proof(c, a, token)); err != nil {
			f := answered(err, s.Host)
			f.Step = StepSignIn
			if f.Code/100 == 5 || errors.Is(err, errNoAuth) {
				f.Reason = Denied
			}
			return f
		}
		return fn(c)
	})
	_ = conn.Close()
	if err != nil {
		return AsFault(err, StepMessage, s.Host)
	}
	return nil
}

// ourName is what we call ourselves: the address that we come from (RFC 5321,
// 4.1.3), which says nothing of the installation that the server does not see.
func ourName(conn net.Conn) string {
	host, _, _ := net.SplitHostPort(conn.LocalAddr().String())
	ip := net.ParseIP(host)
	switch {
	case ip == nil:
		return "localhost"
	case ip.To4() == nil:
		return "[IPv6:" + ip.String() + "]"
	}
	return "[" + ip.String() + "]"
}

func greeting(err error, host string) *Fault {
	f := answered(err, host)
	f.Step = StepReach
	if f.Reason == Rejected || f.Reason == Lost {
		f.Reason = NotThisServer
	}
	return f
}

// answered says what a server's answer means.
func answered(err error, host string) *Fault {
	var said *textproto.Error
	if !errors.As(err, &said) {
		return AsFault(err, StepMessage, host)
	}
	f := &Fault{Step: StepMessage, Reason: Rejected, Host: host, Code: said.Code, cause: err}
	switch {
	case said.Code == 452 || said.Code == 552:
		f.Reason = Full
	case said.Code/100 == 4:
		f.Reason = Busy
	case said.Code == 530 || said.Code == 535:
		f.Reason = Denied
	}
	return f
}

var errNoAuth = errors.New("no way to sign in that we know")

// proof signs in with PLAIN, else LOGIN, or with a token. TLS is always there before it.
func proof(c *smtp.Client, a Account, token secret.Text) smtp.Auth {
	_, offered := c.Extension("AUTH")
	ways := strings.Fields(strings.ToUpper(offered))
	if a.Token != nil {
		return smtpBearer{bearer{a.User, a.SMTP.Host, a.SMTP.Port, token, slices.Contains(ways, "OAUTHBEARER")}}
	}
	for _, way := range ways {
		if way == "PLAIN" {
			return plain{a}
		}
	}
	for _, way := range ways {
		if way == "LOGIN" {
			return login{a}
		}
	}
	return none{}
}

type plain struct{ a Account }

func (p plain) Start(*smtp.ServerInfo) (string, []byte, error) {
	return "PLAIN", []byte("\x00" + p.a.User + "\x00" + p.a.Password.Reveal()), nil
}
func (plain) Next(_ []byte, more bool) ([]byte, error) {
	if more {
		return nil, errNoAuth
	}
	return nil, nil
}

type login struct{ a Account }

func (login) Start(*smtp.ServerInfo) (string, []byte, error) { return "LOGIN", nil, nil }
func (l login) Next(asked []byte, more bool) ([]byte, error) {
	switch {
	case !more:
		return nil, nil
	case strings.HasPrefix(strings.ToLower(string(asked)), "user"):
		return []byte(l.a.User), nil
	}
	return []byte(l.a.Password.Reveal()), nil
}

type none struct{}

func (none) Start(*smtp.ServerInfo) (string, []byte, error) { return "", nil, errNoAuth }
func (none) Next([]byte, bool) ([]byte, error)              { return nil, errNoAuth }
