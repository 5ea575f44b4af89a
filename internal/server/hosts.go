package server

import (
	"net/http"
	"net/url"
	"strings"
)

// visitorParts are the paths of what visitors open or what their pages ask; the rest is for users. A site's widget
// asks where it was loaded, so /widget and /chat/ are answered on both hosts; the page to call from has one.
var visitorParts = []string{"/chat/", "/phone/", "/widget", "/notice"}

// apart keeps visitors' pages and users' pages on host names of their own, where visitors have one (the setting
// visitors): for a browser they are then different origins, and a fault of a page that anybody can open reaches
// neither the session nor the data of who is signed in beside it.
func apart(visitors string, h http.Handler) http.Handler {
	if visitors == "" {
		return h
	}
	at, err := url.Parse(visitors) // config.Check has refused what is none
	if err != nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		theirs := strings.EqualFold(r.Host, at.Host)
		switch {
		case partOf(r.URL.Path) == "health":
		case theirs && !forVisitors(r.URL.Path):
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, "This host name is for visitors; users have another.", http.StatusMisdirectedRequest)
			return
		case !theirs && strings.HasPrefix(r.URL.Path, "/phone/"):
			// What stands behind the # of an old link comes along.
			http.Redirect(w, r, at.Scheme+"://"+at.Host+r.URL.RequestURI(), http.StatusPermanentRedirect)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func forVisitors(path string) bool {
	for _, part := range visitorParts {
		if strings.HasPrefix(path, part) {
			return true
		}
	}
	return false
}
