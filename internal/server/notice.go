package server

import (
	"bytes"
	"html/template"
	"net/http"

	"nubitalk/internal/core/privacy"
)

// noticePage shows the data privacy notice clause by clause, to anybody (notice
// C8). It is made once: nothing in it depends on who asks.
func noticePage() (http.Handler, error) {
	var page bytes.Buffer
	if err := noticeTemplate.Execute(&page, privacy.Clauses); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(page.Bytes()) // the reader is gone: nothing to do
	}), nil
}

var noticeTemplate = template.Must(template.New("notice").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Data privacy notice</title>
<style>
:root{color-scheme:light dark;--bg:#f6f6f3;--text:#1d1c1a;--text-2:#57544d;--line:#e2e0da;--accent:#0b6e6e}
@media (prefers-color-scheme:dark){:root{--bg:#141413;--text:#f1efea;--text-2:#bcb8af;--line:#33312e;--accent:#5cc4bd}}
body{margin:0 auto;max-width:46rem;padding:2rem 1.25rem 4rem;background:var(--bg);color:var(--text);font:1rem/1.6 system-ui,sans-serif}
h1{letter-spacing:-.02em;line-height:1.2}p.lead{color:var(--text-2)}
ol{list-style:none;padding:0}li{border-top:1px solid var(--line);padding:1rem 0}
h2{font-size:1rem;margin:0}h2 a{color:var(--accent);text-decoration:none;margin-right:.5rem}blockquote{margin:.5rem 0 0;color:var(--text-2)}
</style></head><body><main>
<h1>Data privacy notice</h1>
<p class="lead">What this service promises about personal data, clause by clause. Each clause has a check that runs against the product; whoever operates it can run them all with <code>nubitalk notice verify</code>.</p>
<ol>{{range .}}<li id="{{.ID}}"><h2><a href="#{{.ID}}">{{.ID}}</a>{{.Title}}</h2>{{with .Words}}<blockquote>{{.}}</blockquote>{{end}}</li>
{{end}}</ol></main></body></html>`))
