package api

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var script = "console.log('" + strings.Repeat("desk ", 1000) + "')"

func packed(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(content) // to memory
	_ = w.Close()
	return b.Bytes()
}

func pages(t *testing.T, dist fstest.MapFS) http.Handler {
	t.Helper()
	p, err := NewPages(dist, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	p.Register(mux)
	return mux
}

func built() fstest.MapFS {
	return fstest.MapFS{
		"packed/.keep":                                {},
		"packed/desktop/index.html.gz":                {Data: packed([]byte("<!doctype html>desk"))},
		"packed/desktop/icon.svg.gz":                  {Data: packed([]byte("<svg/>"))},
		"packed/desktop/assets/index-B3xYz_9a.js.gz":  {Data: packed([]byte(script))},
		"packed/desktop/assets/style-C4xYz_9a.css.gz": {Data: packed([]byte(strings.Repeat("a{color:red}", 200)))},
		"packed/phone/index.html.gz":                  {Data: packed([]byte("<!doctype html>phone"))},
		"packed/phone/assets/index-P3xYz_9a.js.gz":    {Data: packed([]byte(script))},
		"packed/widget/widget.js.gz":                  {Data: packed([]byte(script))},
	}
}

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPagesAreServedWithTheRightHeaders(t *testing.T) {
	h := pages(t, built())
	for _, c := range []struct {
		path, accept   string
		status         int
		kind, encoding string
		cache          string
	}{
		{"/app/", "", 200, "text/html; charset=utf-8", "", "no-cache"},
		{"/app/inbox/int_1", "gzip", 200, "text/html", "gzip", "no-cache"},
		{"/app/icon.svg", "gzip", 200, "image/svg+xml; charset=utf-8", "gzip", "no-cache"},
		{"/app/assets/index-B3xYz_9a.js", "gzip, br", 200, "text/javascript; charset=utf-8", "gzip", "immutable"},
		{"/app/assets/index-B3xYz_9a.js", "gzip;q=0, br", 200, "text/javascript", "", "immutable"},
		{"/app/assets/style-C4xYz_9a.css", "gzip", 200, "text/css", "gzip", "immutable"},
		{"/app/assets/style-C4xYz_9a.css", "", 200, "text/css", "", "immutable"},
		{"/app/assets/index-B3xYz_9a.js.map", "", 404, "", "", "no-store"},
		{"/app/assets/index-OLD12345.js", "", 404, "", "", "no-store"},
		{"/phone/", "", 200, "text/html", "", "no-cache"},
		{"/phone/ent_1", "", 200, "text/html", "", "no-cache"},
		{"/phone/assets/index-P3xYz_9a.js", "gzip", 200, "text/javascript", "gzip", "immutable"},
		{"/phone/assets/index-OLD12345.js", "", 404, "", "", "no-store"},
		{"/widget.js", "gzip", 200, "text/javascript", "gzip", "max-age=300"},
		{"/nothing", "", 404, "", "", ""},
	} {
		w := ask(h, "GET", c.path, "Accept-Encoding", c.accept)
		if w.Code != c.status || !strings.HasPrefix(w.Header().Get("Content-Type"), c.kind) ||
			w.Header().Get("Content-Encoding") != c.encoding || !strings.Contains(w.Header().Get("Cache-Control"), c.cache) {
			t.Errorf("%s (%s): %d %v", c.path, c.accept, w.Code, w.Header())
		}
	}
	if w := ask(h, "GET", "/"); w.Code != http.StatusFound || w.Header().Get("Location") != "/app/" {
		t.Errorf("/: %d %v", w.Code, w.Header())
	}
}

func TestTheDeskMayLoadOnlyItsOwn(t *testing.T) {
	h := pages(t, built())
	head := ask(h, "GET", "/app/").Header()
	policy := head.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Error(policy)
	}
	if head.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("nosniff is missing")
	}
	if head := ask(h, "GET", "/widget.js").Header(); head.Get("Access-Control-Allow-Origin") != "*" || head.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Error("other sites cannot load the widget")
	}
}

func TestAPageIsSentOnce(t *testing.T) {
	h := pages(t, built())
	first := ask(h, "GET", "/widget.js", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(first.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || string(got) != script {
		t.Errorf("%v: not what was built", err)
	}
	etag := first.Header().Get("ETag")
	for _, header := range []string{etag, "W/" + etag, `"x", ` + etag, "*"} {
		if w := ask(h, "GET", "/widget.js", "If-None-Match", header); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("%s: %d", header, w.Code)
		}
	}
	if w := ask(h, "GET", "/widget.js", "If-None-Match", `"other"`); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
	if w := ask(h, "HEAD", "/widget.js"); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("HEAD: %d %d", w.Code, w.Body.Len())
	}
}

func TestAProgramWithoutPagesSaysSo(t *testing.T) {
	w := ask(pages(t, fstest.MapFS{"packed/.keep": {}}), "GET", "/app/")
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
