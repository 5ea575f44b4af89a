package account_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

const desk = "desk.example"

// authenticator makes passkeys in software, as WebAuthn level 3 section 6 says.
type authenticator struct {
	t       *testing.T
	host    string // as in the browser's address
	origin  string
	key     *ecdsa.PrivateKey
	id      []byte
	handle  string
	counter uint32
	// unverified: it does not ask for a finger or a PIN.
	unverified bool
}

func newAuthenticator(t *testing.T) *authenticator {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return &authenticator{t: t, host: desk, origin: "https://" + desk, key: key, id: []byte("credential of 16")}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// data is authenticator data (section 6.1).
func (a *authenticator) data(attested []byte) []byte {
	a.counter++
	host := sha256.Sum256([]byte(a.host))
	flags := byte(1)
	if !a.unverified {
		flags |= 4
	}
	if attested != nil {
		flags |= 64
	}
	out := append(host[:], flags)
	return append(binary.BigEndian.AppendUint32(out, a.counter), attested...)
}

func (a *authenticator) client(kind string, options json.RawMessage) []byte {
	var o struct {
		Challenge string `json:"challenge"`
	}
	must(a.t, json.Unmarshal(options, &o))
	out, err := json.Marshal(map[string]any{"type": kind, "challenge": o.Challenge, "origin": a.origin, "crossOrigin": false})
	must(a.t, err)
	return out
}

// make answers a request for a new passkey, with CBOR by hand.
func (a *authenticator) make(options json.RawMessage) json.RawMessage {
	var o struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	must(a.t, json.Unmarshal(options, &o))
	a.handle = o.User.ID
	point, err := a.key.PublicKey.Bytes()
	must(a.t, err)
	cose := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, point[1:33]...) // kty EC2, alg ES256, crv P-256, x
	cose = append(append(cose, 0x22, 0x58, 32), point[33:]...)                           // y
	attested := append(make([]byte, 16), 0, byte(len(a.id)))
	data := a.data(append(append(attested, a.id...), cose...))
	object := append([]byte{0xa3, 0x63}, "fmt"...)
	object = append(append(object, 0x64), "none"...)
	object = append(append(append(object, 0x67), "attStmt"...), 0xa0)
	object = append(append(object, 0x68), "authData"...)
	object = append(append(object, 0x58, byte(len(data))), data...)
	return a.answer(map[string]any{"clientDataJSON": b64(a.client("webauthn.create", options)), "attestationObject": b64(object)})
}

// show answers a request for a passkey.
func (a *authenticator) show(options json.RawMessage) json.RawMessage {
	data, client := a.data(nil), a.client("webauthn.get", options)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	must(a.t, err)
	return a.answer(map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": a.handle})
}

func (a *authenticator) answer(response map[string]any) json.RawMessage {
	out, err := json.Marshal(map[string]any{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	must(a.t, err)
	return out
}

// addPasskey gives a signed-in user a passkey.
func (f *fixture) addPasskey(in account.Session, a *authenticator) account.AddedFactor {
	f.t.Helper()
	begun, err := f.BeginPasskey(f.t.Context(), in, desk)
	must(f.t, err)
	added, err := f.AddPasskey(f.t.Context(), in, desk, secret.New(begun.State), "key", a.make(begun.Options))
	must(f.t, err)
	return added
}

// passkey signs in with one.
func (f *fixture) passkey(host string, a *authenticator) (account.SignedIn, error) {
	f.t.Helper()
	begun, err := f.BeginPasskeySignIn(f.t.Context(), host)
	must(f.t, err)
	return f.SignInPasskey(f.t.Context(), account.From{}, host, secret.New(begun.State), a.show(begun.Options))
}

func TestAPasskeySignsInWithoutAPassword(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, in := f.user("ana", access.Agent)
		key := newAuthenticator(t)
		added := f.addPasskey(in.Session, key)
		if added.Factor.Kind != account.Passkey || len(added.RecoveryCodes) != 10 {
			t.Errorf("%+v", added)
		}
		got, err := f.passkey(desk, key)
		must(t, err)
		if s, err := f.Recognise(t.Context(), got.Token); err != nil || s.Actor.User != ana.ID || s.Actor.Tenant != f.a.ID {
			t.Errorf("%+v, %v", s, err)
		}
		// A password asks for it, or for a recovery code.
		half := f.password("ana")
		if half.Second == nil || half.Second.Kinds[0] != account.Passkey {
			t.Fatalf("%+v", half)
		}
		_, err = f.second(half, added.RecoveryCodes[0])
		must(t, err)
		// Guesses of the password by others do not lock its owner out.
		for range 5 {
			_, _ = f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New("not it at all"))
		}
		if _, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword)); !errs.Is(err, errs.Limited) {
			t.Errorf("%v", err)
		}
		_, err = f.passkey(desk, key)
		must(t, err)
		if _, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword)); !errs.Is(err, errs.Limited) {
			t.Errorf("the lock-out of passwords ended: %v", err)
		}
		status := account.Locked
		u, err := f.User(t.Context(), f.a.admin, ana.ID)
		must(t, err)
		_, err = f.UpdateUser(t.Context(), f.a.admin, ana.ID, u.Version, account.UserChange{Status: &status})
		must(t, err)
		_, err = f.passkey(desk, key) // but an administrator's lock holds
		wantCode(t, err, errs.Unauthorised)
	})
}

func TestAPasskeyIsRefused(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		key := newAuthenticator(t)
		f.addPasskey(in.Session, key)
		begun, err := f.BeginPasskeySignIn(t.Context(), desk)
		must(t, err)
		shown := key.show(begun.Options)
		_, err = f.SignInPasskey(t.Context(), account.From{}, desk, secret.New(begun.State), shown)
		must(t, err)
		for name, broken := range map[string]func(a *authenticator){
			"another origin":      func(a *authenticator) { a.origin = "https://desk.example.evil" },
			"another host":        func(a *authenticator) { a.host = "evil.example" },
			"another key":         func(a *authenticator) { a.key = newAuthenticator(t).key },
			"another's handle":    func(a *authenticator) { a.handle = b64([]byte(string(f.b.ID) + "." + in.Session.Actor.User)) },
			"no handle":           func(a *authenticator) { a.handle = "" },
			"an unknown passkey":  func(a *authenticator) { a.id = []byte("credential of 17") },
			"nobody's finger":     func(a *authenticator) { a.unverified = true },
			"a counter of before": func(a *authenticator) { a.counter = 0 },
		} {
			bad := *key
			broken(&bad)
			if _, err := f.passkey(desk, &bad); !errs.Is(err, errs.Unauthorised) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// What was answered is not answered again, by nobody and nowhere.
		_, err = f.SignInPasskey(t.Context(), account.From{}, desk, secret.New(begun.State), shown)
		wantCode(t, err, errs.Unauthorised)
		again := key.show(begun.Options) // signed anew, to the challenge that is spent
		_, err = f.SignInPasskey(t.Context(), account.From{}, desk, secret.New(begun.State), again)
		wantCode(t, err, errs.Unauthorised)
		// It belongs to the host where it was made, whatever host a request names.
		_, err = f.passkey("other.example", key)
		wantCode(t, err, errs.Unauthorised)
		late, err := f.BeginPasskeySignIn(t.Context(), desk)
		must(t, err)
		f.clock.Advance(5*time.Minute + time.Second)
		_, err = f.SignInPasskey(t.Context(), account.From{}, desk, secret.New(late.State), key.show(late.Options))
		wantCode(t, err, errs.Unauthorised)
		_, err = f.BeginPasskeySignIn(t.Context(), "192.0.2.1:8080")
		wantCode(t, err, errs.Invalid)
		_, err = f.passkey(desk, key)
		must(t, err)
	})
}

func TestAPasskeyProvesWhoIsThere(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, ana := f.user("ana", access.Agent)
		_, bob := f.user("bob", access.Agent)
		key := newAuthenticator(t)
		f.addPasskey(ana.Session, key)
		f.clock.Advance(11 * time.Minute)
		confirm := func(in *account.SignedIn) error {
			begun, err := f.BeginPasskeySignIn(t.Context(), desk)
			must(t, err)
			next, err := f.ConfirmPasskey(t.Context(), in.Session, desk, secret.New(begun.State), key.show(begun.Options))
			if err == nil {
				in.Token = next
			}
			return err
		}
		wantCode(t, confirm(&bob), errs.Invalid) // it is not bob's
		must(t, confirm(&ana))
		for who, in := range map[string]account.SignedIn{"ana": ana, "bob": bob} {
			s, err := f.Recognise(t.Context(), in.Token)
			if err != nil || s.Fresh(f.clock.Now()) != (who == "ana") {
				t.Errorf("%s: %v, %v", who, s.Fresh(f.clock.Now()), err)
			}
		}
	})
}
