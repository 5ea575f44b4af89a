package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// ticketTime is how long somebody has from one step of a sign-in, or of adding a
// second factor, to the next.
const ticketTime = 5 * time.Minute

// What a ticket is for. One for one thing is good for nothing else.
const (
	forSecond        = "second"         // the password was right, the second factor is to come
	forTOTP          = "totp"           // an authenticator app is being added
	forPasskey       = "passkey"        // a passkey is being added
	forPasskeySignIn = "passkey_signin" // somebody is to show one
	forProvider      = "provider"       // somebody was sent to its organisation's provider
	forDevice        = "device"         // a user has signed in here
)

// ticket is what the browser carries from one step to the next, sealed, so that
// nothing is stored of what may never be finished.
type ticket struct {
	User     string          `json:"user,omitempty"`
	Until    int64           `json:"until"` // Unix milliseconds
	Secret   []byte          `json:"secret,omitempty"`
	Password []byte          `json:"password,omitempty"` // digest of the hash that was checked
	Device   string          `json:"device,omitempty"`   // that is known, by its id
	Short    bool            `json:"short,omitempty"`    // the password is shorter than the rules allow
	Ceremony json.RawMessage `json:"ceremony,omitempty"` // of WebAuthn
	// Nonce makes two tickets differ, and is what is spent.
	Nonce string `json:"nonce"`
}

const (
	ticketPrefix = "nbt_"
	maxTicket    = 8 << 10
)

// ticketLife is how long a ticket is good.
func ticketLife(purpose string) time.Duration {
	if purpose == forDevice {
		return DeviceTime
	}
	return ticketTime
}

func ticketWhere(purpose string) string { return "account.ticket/" + purpose }

// issue seals a ticket under the organisation's key.
func (s *Service) issue(ctx context.Context, t id.Tenant, purpose string, k ticket) (secret.Text, error) {
	k.Until, k.Nonce = s.now().Add(ticketLife(purpose)).UnixMilli(), s.IDs.New(id.Session)
	plain, err := json.Marshal(k)
	if err != nil {
		return secret.Text{}, errs.Wrap(errs.Internal, err, "This step could not be begun.")
	}
	sealed, err := s.Vault.SealTenant(ctx, t, ticketWhere(purpose), plain)
	if err != nil {
		return secret.Text{}, err
	}
	return secret.New(ticketPrefix + string(t) + "." + base64.RawURLEncoding.EncodeToString(sealed)), nil
}

// errTicket says the same whatever is wrong with a ticket.
func errTicket() error {
	return errs.New(errs.Unauthorised, "This took too long, or was begun elsewhere. Please begin again.")
}

// redeem opens a ticket that issue made for this purpose not long ago.
func (s *Service) redeem(ctx context.Context, purpose string, token secret.Text) (id.Tenant, ticket, error) {
	var k ticket
	rest, ok := strings.CutPrefix(token.Reveal(), ticketPrefix)
	tenant, text, found := strings.Cut(rest, ".")
	if !ok || !found || len(rest) > maxTicket || !validTenant(tenant) {
		return "", k, errTicket()
	}
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", k, errTicket()
	}
	plain, err := s.Vault.OpenTenant(ctx, id.Tenant(tenant), ticketWhere(purpose), sealed)
	if errs.Is(err, errs.Unavailable) {
		return "", k, err
	}
	if err != nil || json.Unmarshal(plain.Reveal(), &k) != nil {
		return "", k, errTicket()
	}
	if left := time.UnixMilli(k.Until).Sub(s.now()); left <= 0 || left > ticketLife(purpose) {
		return "", k, errTicket()
	}
	return id.Tenant(tenant), k, nil
}

// spent is what is remembered of a ticket that was used.
func (k ticket) spent() []byte {
	h := sha256.Sum256([]byte(k.Nonce))
	return h[:]
}

func digest(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}
