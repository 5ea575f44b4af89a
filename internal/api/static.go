package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// appPolicy is what our own pages may load: only what this program serves.
// Styles set by script are no inline styles to the browser.
const appPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; worker-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// noPages is shown when the program was built without its pages.
const noPages = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Nubitalk</title>
<p>This program was built without its pages. Run <code>make build</code> and start it again.</p></html>
`

// hashed is the name of a file that Vite made: another content, another name.
var hashed = regexp.MustCompile(`-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$`)

// Pages serves what browsers load: the desk at /app/, the page to call from at
// /phone/ and the widget at /widget.js. Every path of the first two that is no
// file is their first page, which finds its own way.
type Pages struct {
	files map[string]*asset // by path, without the first slash
	log   *slog.Logger
}

// asset is one file, ready to be sent.
type asset struct {
	name    string
	packed  []byte // gzip
	kind    string // Content-Type
	etag    string
	forever bool // the name changes with the content
}

// NewPages takes web.Packed: folders "desktop", "phone" and "widget" under packed,
// whose files are named as browsers ask for them, with .gz behind.
func NewPages(packed fs.FS, log *slog.Logger) (*Pages, error) {
	p := &Pages{files: map[string]*asset{}, log: log}
	for folder, prefix := range map[string]string{"packed/desktop": "app/", "packed/phone": "phone/", "packed/widget": ""} {
		if err := p.load(packed, folder, prefix); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Pages) load(packed fs.FS, folder, prefix string) error {
	if _, err := fs.Stat(packed, folder); err != nil {
		return nil // built without it
	}
	return fs.WalkDir(packed, folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(packed, name)
		if err != nil {
			return err
		}
		a := newAsset(prefix+strings.TrimSuffix(strings.TrimPrefix(name, folder+"/"), ".gz"), content)
		p.files[a.name] = a
		return nil
	})
}

func newAsset(name string, packed []byte) *asset {
	sum := sha256.Sum256(packed)
	a := &asset{name: name, packed: packed, kind: mime.TypeByExtension(path.Ext(name)), forever: hashed.MatchString(name),
		etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	switch a.kind {
	case "":
		a.kind = "application/octet-stream"
	case "image/svg+xml":
		a.kind += "; charset=utf-8"
	}
	return a
}

// content is the file itself, for who does not take gzip.
func (a *asset) content() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(a.packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// Register puts the pages on a mux.
func (p *Pages) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/app/", http.StatusFound)
	})
	mux.HandleFunc("GET /app/", p.page("app/index.html"))
	mux.HandleFunc("GET /phone/", p.page("phone/index.html"))
	for name, a := range p.files {
		if !own(name) {
			mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { p.widget(w, r, a) })
		}
	}
}

// own says whether a file belongs to a page of ours, and not to others' sites.
func own(name string) bool {
	return strings.HasPrefix(name, "app/") || strings.HasPrefix(name, "phone/")
}

// page serves the files of a page, and its first page for all other paths.
func (p *Pages) page(first string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { p.app(w, r, first) }
}

func (p *Pages) app(w http.ResponseWriter, r *http.Request, first string) {
	h := w.Header()
	h.Set("Content-Security-Policy", appPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	camera, screen := "()", "()"
	if strings.HasPrefix(first, "app/") { // a chat that is spoken may be seen, too, and agents' screens be recorded
		camera, screen = "(self)", "(self)"
	}
	h.Set("Permissions-Policy", "camera="+camera+", display-capture="+screen+", geolocation=(), microphone=(self), payment=(), usb=()")
	name := strings.TrimPrefix(r.URL.Path, "/")
	a := p.files[name]
	if a == nil && path.Ext(name) == "" { // a place inside the page, not a file
		a = p.files[first]
		if a == nil {
			h.Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusServiceUnavailable)
			p.write(w, []byte(noPages))
			return
		}
	}
	if a == nil {
		h.Set("Cache-Control", "no-store") // an old page asks for what a new build renamed
		http.NotFound(w, r)
		return
	}
	p.send(w, r, a)
}

// widget is loaded by pages of other origins.
func (p *Pages) widget(w http.ResponseWriter, r *http.Request, a *asset) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	p.send(w, r, a)
}

func (p *Pages) send(w http.ResponseWriter, r *http.Request, a *asset) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("ETag", a.etag)
	h.Set("Vary", "Accept-Encoding")
	switch {
	case a.forever:
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	case own(a.name):
		h.Set("Cache-Control", "no-cache") // asks each time whether it is still this one
	default:
		h.Set("Cache-Control", "public, max-age=300")
	}
	if match(r.Header.Get("If-None-Match"), a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	content := a.packed
	if accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
	} else {
		var err error
		if content, err = a.content(); err != nil {
			p.log.Error("a page cannot be unpacked", "file", a.name, "error", err)
			http.Error(w, "This page is damaged in the program. Build it again.", http.StatusInternalServerError)
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		p.write(w, content)
	}
}

func (p *Pages) write(w http.ResponseWriter, b []byte) {
	if _, err := w.Write(b); err != nil {
		p.log.Debug("a page was not read to its end", "error", err)
	}
}

// accepts reads Accept-Encoding (RFC 9110, 12.5.3); a quality of 0 refuses.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, parameter, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, ok := strings.CutPrefix(strings.ReplaceAll(parameter, " ", ""), "q=")
		if !ok {
			return true
		}
		quality, err := strconv.ParseFloat(q, 64)
		return err == nil && quality > 0
	}
	return false
}

// match compares If-None-Match weakly (RFC 9110, 13.1.2).
func match(header, etag string) bool {
	if header == "*" {
		return true
	}
	for part := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(part), "W/") == etag {
			return true
		}
	}
	return false
}
