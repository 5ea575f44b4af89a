package setup

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/outside"
)

// ConnectionSecret is the value that a connection's header carries.
const ConnectionSecret = "secret"

// Connection is a system outside that flows may ask. Its secret is no part of it:
// secrets of set-up are sealed and stored apart.
type Connection struct {
	Name    string `json:"name" minLength:"1" maxLength:"80"`
	Address string `json:"address" maxLength:"400" doc:"Where the system is, e.g. https://api.example.com/v1: HTTPS, on the public network. The paths of flows' steps go below it."`
	Header  string `json:"header" maxLength:"60" doc:"The header that carries the secret, e.g. Authorization; empty: none is sent."`
}

var headerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,59}$`)

// takenHeaders are those that a request has of its own.
var takenHeaders = []string{"host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade", "te", "trailer", "accept", "accept-encoding", "user-agent", "idempotency-key", "expect", "proxy-authorization"}

func (Connection) Kind() Kind         { return KindConnection }
func (c Connection) Called() string   { return c.Name }
func (c Connection) Unique() []Unique { return byName(c.Name) }
func (Connection) Uses() []Use        { return nil }

func (c Connection) clean() Object {
	c.Name = tidy(c.Name)
	c.Address = strings.TrimSuffix(strings.TrimSpace(c.Address), "/")
	c.Header = strings.TrimSpace(c.Header)
	return c
}

// URL is the address, read.
func (c Connection) URL() (*url.URL, error) { return outside.Address(c.Address) }

func (c Connection) Validate(Refs) error {
	var f checks
	f.name("name", c.Name, 1, 80)
	if _, err := c.URL(); err != nil {
		f.Add("address", "%s", errs.As(err).Text)
	}
	f.text("address", c.Address, 1, 400)
	if c.Header != "" && (!headerName.MatchString(c.Header) || slices.Contains(takenHeaders, strings.ToLower(c.Header))) {
		f.Add("header", "must be the name of a header that carries a secret, such as Authorization.")
	}
	return f.Err()
}

// CheckSecrets tells what is missing beside the connection's secrets, by name.
func (c Connection) CheckSecrets(has map[string]bool) error {
	var f checks
	switch {
	case has[ConnectionSecret] && c.Header == "":
		f.Add("header", "is missing; name the header that carries the secret, or remove the secret.")
	case !has[ConnectionSecret] && c.Header != "":
		f.Add(ConnectionSecret, "is missing; the header carries it.")
	}
	return f.Err()
}

// Moved says that the connection leads to another host than before, so that a
// secret of the one must not reach the other.
func (c Connection) Moved(before Connection) bool {
	now, err := c.URL()
	was, bad := before.URL()
	return err == nil && bad == nil && outside.Origin(now) != outside.Origin(was)
}
