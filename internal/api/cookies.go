package api

import (
	"net/http"
	"time"

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

func (s *Server) cookieName() string {
	if s.config.PlainHTTP {
		return "nubitalk"
	}
	return cookieName
}
