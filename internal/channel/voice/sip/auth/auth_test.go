package auth

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/icholy/digest"

	"nubitalk/internal/base/secret"
)

var start = time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)

const realm, uri = "nubitalk", "sip:nubitalk.example"

func accounts(withMD5 bool) func(string) (Secret, bool) {
	s := NewSecret("ana", realm, secret.New("right"), withMD5)
	return func(u string) (Secret, bool) {
		if u == "ana" {
			return s, true
		}
		return Secret{}, false
	}
}

func reply(t *testing.T, challenges []string, user, password string, count int, md5 bool) string {
	t.Helper()
	v, _, err := Answer(challenges, Request{Method: "REGISTER", URI: uri, Cnonce: "c", Count: count}, Credentials{
		Realms: []string{realm}, Username: secret.New(user), Password: secret.New(password), MD5: md5,
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheRightPasswordIsProven(t *testing.T) {
	for _, algorithms := range [][]string{{SHA256}, {SHA256, MD5}, {MD5}} {
		s := NewServer(algorithms, time.Minute)
		ch := s.Challenges(realm, false, start)
		if len(ch) != len(algorithms) {
			t.Fatalf("%d challenges for %v", len(ch), algorithms)
		}
		v := reply(t, ch, "ana", "right", 1, true)
		if got := s.Check([]string{v}, realm, "REGISTER", uri, start, accounts(true)); got.User != "ana" {
			t.Errorf("%v: %+v", algorithms, got)
		}
	}
}

// Where MD5 is not spoken, who would be asked with it alone is asked with what is.
func TestNobodyIsAskedWithNothing(t *testing.T) {
	s := NewServer([]string{SHA256}, time.Minute)
	if ch := s.Challenges(realm, false, start, MD5); len(ch) != 1 || !strings.Contains(ch[0], "SHA-256") {
		t.Error(ch)
	}
	both := NewServer([]string{SHA256, MD5}, time.Minute)
	if ch := both.Challenges(realm, false, start, MD5); len(ch) != 1 || strings.Contains(ch[0], "SHA-256") {
		t.Error(ch)
	}
	weak := reply(t, both.Challenges(realm, false, start, MD5), "ana", "right", 1, true)
	if got := s.Check([]string{weak}, realm, "REGISTER", uri, start, accounts(true)); got.User != "" {
		t.Errorf("MD5 is taken: %+v", got)
	}
}

func TestWrongRepliesAreNot(t *testing.T) {
	s := NewServer([]string{SHA256}, time.Minute)
	other := NewServer([]string{SHA256}, time.Minute)
	ch := s.Challenges(realm, false, start)
	right := reply(t, ch, "ana", "right", 1, false)
	for name, c := range map[string]struct {
		value, method, uri string
	}{
		"wrong password":    {reply(t, ch, "ana", "wrong", 1, false), "REGISTER", uri},
		"unknown account":   {reply(t, ch, "eva", "right", 1, false), "REGISTER", uri},
		"another method":    {right, "INVITE", uri},
		"another URI":       {right, "REGISTER", "sip:other.example"},
		"a foreign nonce":   {reply(t, other.Challenges(realm, false, start), "ana", "right", 1, false), "REGISTER", uri},
		"MD5 not offered":   {strings.Replace(right, "SHA-256", "MD5", 1), "REGISTER", uri},
		"no qop":            {strings.Replace(right, "qop=auth", "qop=none", 1), "REGISTER", uri},
		"an unknown scheme": {"NoOneKnowsThisScheme opaque-data=here", "REGISTER", uri},
	} {
		got := s.Check([]string{c.value}, realm, c.method, c.uri, start, accounts(true))
		if got.User != "" || got.Stale {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestANonceCountIsTakenOnce(t *testing.T) {
	s := NewServer([]string{SHA256}, time.Minute)
	ch := s.Challenges(realm, false, start)
	check := func(count int, at time.Time) Result {
		return s.Check([]string{reply(t, ch, "ana", "right", count, false)}, realm, "REGISTER", uri, at, accounts(false))
	}
	for _, c := range []struct {
		count int
		taken bool
	}{{1, true}, {1, false}, {3, true}, {2, true}, {2, false}, {3, false}, {200, true}, {100, false}, {200, false}, {137, true}, {136, false}} {
		got := check(c.count, start)
		if (got.User != "") != c.taken || got.Stale == c.taken {
			t.Errorf("count %d: %+v", c.count, got)
		}
	}
	if got := check(300, start.Add(61*time.Second)); got.User != "" || !got.Stale {
		t.Errorf("an old nonce: %+v", got)
	}
}

func TestAForgottenNonceIsStale(t *testing.T) {
	s := NewServer([]string{SHA256}, time.Hour)
	first := s.Challenges(realm, false, start)
	v := reply(t, first, "ana", "right", 1, false)
	check := func(v string) Result {
		return s.Check([]string{v}, realm, "REGISTER", uri, start.Add(time.Second), accounts(false))
	}
	if check(v).User == "" {
		t.Fatal("not proven")
	}
	for i := range Remembered {
		c := s.Challenges(realm, false, start.Add(time.Duration(i+1)*time.Microsecond))
		if check(reply(t, c, "ana", "right", 1, false)).User == "" {
			t.Fatal("not proven")
		}
	}
	if len(s.used) > Remembered {
		t.Errorf("%d nonces are kept", len(s.used))
	}
	if got := check(v); got.User != "" || !got.Stale {
		t.Errorf("a replay after the nonce was forgotten: %+v", got)
	}
}

func TestTheBestChallengeIsAnswered(t *testing.T) {
	challenge := func(realm, algorithm, qop string) string {
		return fmt.Sprintf(`Digest realm=%q, nonce="n-%s", algorithm=%s, qop=%q`, realm, algorithm, algorithm, qop)
	}
	cred := Credentials{Realms: []string{realm}, Username: secret.New("ana"), Password: secret.New("p")}
	weak := cred
	weak.MD5 = true
	for _, c := range []struct {
		name       string
		challenges []string
		cred       Credentials
		algorithm  string
		err        error
	}{
		{"SHA-256 though it is second", []string{challenge(realm, "MD5", "auth"), challenge(realm, "SHA-256", "auth")}, weak, "SHA-256", nil},
		{"MD5 where allowed", []string{challenge(realm, "MD5", "auth")}, weak, "MD5", nil},
		{"MD5 where not", []string{challenge(realm, "MD5", "auth")}, cred, "", ErrWeak},
		{"a foreign realm", []string{challenge("evil", "SHA-256", "auth")}, weak, "", ErrForeign},
		{"ours among foreign ones", []string{challenge("evil", "SHA-256", "auth"), challenge(realm, "SHA-256", "auth-int, auth")}, cred, "SHA-256", nil},
		{"only auth-int", []string{challenge(realm, "SHA-256", "auth-int")}, cred, "", ErrWeak},
		{"an unknown algorithm", []string{challenge(realm, "SHA-999", "auth")}, weak, "", ErrWeak},
		{"no digest", []string{"Basic realm=" + realm}, weak, "", ErrForeign},
	} {
		v, _, err := Answer(c.challenges, Request{Method: "INVITE", URI: uri, Cnonce: "c", Count: 1}, c.cred)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err != nil {
			continue
		}
		got, err := digest.ParseCredentials(v)
		if err != nil || got.Algorithm != c.algorithm || got.QOP != "auth" {
			t.Errorf("%s: %v, algorithm %s, qop %s", c.name, err, got.Algorithm, got.QOP)
		}
	}
}

func FuzzCheck(f *testing.F) {
	s := NewServer([]string{SHA256, MD5}, time.Minute)
	f.Add(`Digest username="ana", realm="nubitalk", nonce="x", uri="sip:nubitalk.example", response="0", algorithm=SHA-256, cnonce="c", qop=auth, nc=00000001`)
	f.Fuzz(func(t *testing.T, v string) {
		if got := s.Check([]string{v}, realm, "REGISTER", uri, start, accounts(true)); got.User != "" {
			t.Fatalf("proven by %d bytes that no password made", len(v))
		}
		_, _, _ = Answer([]string{v}, Request{Method: "INVITE", URI: uri}, Credentials{Realms: []string{realm}})
	})
}
