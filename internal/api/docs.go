package api

import (
	"context"
	_ "embed"
	"encoding/json"

	"nubitalk/internal/core/access"
)

//go:embed docs/page.html
var docsPage []byte

//go:embed docs/page.js
var docsScript []byte

//go:embed docs/page.css
var docsStyle []byte

type pageOutput struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// docRoutes serve the document and a page to browse it, which needs nothing
// from elsewhere.
func (s *Server) docRoutes() {
	const tag = "About"
	page := func(path, id, summary, kind string, body []byte) {
		handle(s, "GET", path, needs(access.Public), about{id: id, tag: tag, summary: summary, raw: describeFile},
			func(context.Context, *caller, *none) (*pageOutput, error) {
				return &pageOutput{kind, "no-cache", body}, nil
			})
	}
	page("/api/docs", "docs", "A page to browse the API", "text/html; charset=utf-8", docsPage)
	page("/api/docs/page.js", "docsScript", "Its script", "text/javascript; charset=utf-8", docsScript)
	page("/api/docs/page.css", "docsStyle", "Its style", "text/css; charset=utf-8", docsStyle)
	handle(s, "GET", "/api/v1/openapi.json", needs(access.Public), about{id: "openapi", tag: tag, summary: "This document", raw: describeFile},
		func(context.Context, *caller, *none) (*pageOutput, error) {
			return &pageOutput{"application/vnd.oai.openapi+json", "no-cache", s.Document()}, nil
		})
}

// Document is the OpenAPI 3.1 document of all routes.
func (s *Server) Document() []byte {
	s.document.Do(func() {
		b, err := json.MarshalIndent(s.openapi, "", "  ")
		if err != nil {
			panic("api: the OpenAPI document cannot be written: " + err.Error())
		}
		s.documentBytes = append(b, '\n')
	})
	return s.documentBytes
}
