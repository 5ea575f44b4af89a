package api

import (
	"net/http"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/secret"
)

// cookieName has a prefix that browsers hold to: Secure, this host, all paths.
const cookieName = "__Host-nubitalk"

// cookie makes the session cookie; an empty token removes it.
func (s *Server) cookie(token secret.Text, until time.Time) http.Cookie {
	c := http.Cookie{Name: s.cookieName(), Value: token.Reveal(), Path: "/", Expires: until, Secure: !s.config.PlainHTTP,
		HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if token.Empty() {
		c.MaxAge = -1
	}
	return c
}

// deviceCookie lasts longer than sessions: it tells who signed in here before
// from strangers, and opens nothing by itself.
func (s *Server) deviceCookie(devices secret.Text) http.Cookie {
	if devices.Empty() {
		return http.Cookie{}
	}
	return http.Cookie{Name: s.cookieName() + "-device", Value: devices.Reveal(), Path: "/", MaxAge: int(account.DeviceTime / time.Second),
		Secure: !s.config.PlainHTTP, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

// hintPath is where alone the browser sends what it kept of a sign-in by the provider.
const hintPath = "/api/v1/sign-out"

func (s *Server) hintName() string {
	if s.config.PlainHTTP {
		return "nubitalk-hint"
	}
	return "__Secure-nubitalk-hint"
}

// hintCookie keeps a sign-in's hint for as long as its session; without one it removes what is there.
func (s *Server) hintCookie(got account.SignedIn) http.Cookie {
	c := http.Cookie{Name: s.hintName(), Value: got.Hint.Reveal(), Path: hintPath, Expires: got.Session.ExpiresAt, Secure: !s.config.PlainHTTP,
		HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if got.Hint.Empty() {
		c.MaxAge, c.Expires = -1, time.Unix(1, 0)
	}
	return c
}

func (s *Server) hintOf(r *http.Request) secret.Text {
	cookie, err := r.Cookie(s.hintName())
	if err != nil {
		return secret.Text{}
	}
	return secret.New(cookie.Value)
}

func (s *Server) devicesOf(r *http.Request) secret.Text {
	cookie, err := r.Cookie(s.cookieName() + "-device")
	if err != nil {
		return secret.Text{}
	}
	return secret.New(cookie.Value)
}

// earlierOf is the session cookie that a request brings, whatever it is worth.
func (s *Server) earlierOf(r *http.Request) secret.Text {
	cookie, err := r.Cookie(s.cookieName())
	if err != nil {
		return secret.Text{}
	}
	return secret.New(cookie.Value)
}

func (s *Server) cookieName() string {
	if s.config.PlainHTTP {
		return "nubitalk"
	}
	return cookieName
}
