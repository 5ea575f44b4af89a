package api

import (
	"net/http"
	"net/url"
	"strings"

	"nubitalk/internal/base/errs"
)

// cors answers the browser's questions before a visitor's calls, and the
// entry-point routes' own origins. A conversation's routes are asked about
// before their token is known; the answer then only says how to ask, and
// checkVisitor decides by the conversation's entry point.
func (s *Server) cors(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ours := strings.CutPrefix(r.URL.Path, "/chat/v1/")
		if !ours {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Add("Vary", "Origin")
		if strings.HasPrefix(rest, "conversation") {
			mayRead(w, r) // also that its token is not good any more
		}
		if err := s.originOfEntryPoint(w, r, rest); err != nil {
			writeProblem(w, r, s.fault(r.Context(), err))
			return
		}
		if r.Method == http.MethodOptions {
			preflight(w)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// originOfEntryPoint checks the origin where the path names an entry point.
func (s *Server) originOfEntryPoint(w http.ResponseWriter, r *http.Request, rest string) error {
	rest, named := strings.CutPrefix(rest, "entry-points/")
	if !named || r.Header.Get("Origin") == "" {
		return nil
	}
	id, _, _ := strings.Cut(rest, "/")
	if err := plainText("path.id", id); err != nil || len(id) > 64 {
		return errs.New(errs.NotFound, "This entry point does not exist.")
	}
	_, origins, _, err := s.Visitors.EntryPoint(r.Context(), id, "")
	if err != nil {
		return err
	}
	return allowOrigin(w, r, origins)
}

func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// mayRead lets the calling page read the answer.
func mayRead(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
	}
}

// allowOrigin lets a page of one of the origins read the answer, and refuses
// any other page. Programs send no origin.
func allowOrigin(w http.ResponseWriter, r *http.Request, origins []string) error {
	if origin := r.Header.Get("Origin"); origin != "" && !originIn(origin, r.Host, origins) {
		w.Header().Del("Access-Control-Allow-Origin")
		return errs.New(errs.Forbidden, "This page may not show this chat.")
	}
	mayRead(w, r)
	return nil
}

// originIn says whether a web origin is one of the list; an empty list takes
// any, and our own pages are always taken.
func originIn(origin, host string, origins []string) bool {
	if len(origins) == 0 {
		return true
	}
	for _, o := range origins {
		if strings.EqualFold(strings.TrimSuffix(o, "/"), origin) {
			return true
		}
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}
