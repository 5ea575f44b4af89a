package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/scim"
)

// scimRoot is where SCIM begins, scimType its media type (RFC 7644, 8.1).
const (
	scimRoot = "/api/scim/v2"
	scimType = "application/scim+json"
	scimBody = 4 << 20 // a group with many members
	scimTag  = "SCIM"
)

type scimListInput struct {
	Filter     string `query:"filter" doc:"RFC 7644, 3.4.2.2, e.g. userName eq \"ana\"."`
	StartIndex string `query:"startIndex"`
	Count      string `query:"count" doc:"At most 200."`
	SortBy     string `query:"sortBy" doc:"Refused: resources come by age."`
	SortOrder  string `query:"sortOrder"`
	Attributes string `query:"attributes"`
	Excluded   string `query:"excludedAttributes"`
}

type scimOneInput struct {
	ID         string `path:"id" maxLength:"100"`
	Attributes string `query:"attributes"`
	Excluded   string `query:"excludedAttributes"`
	ifMatch
}

type scimCreateInput struct {
	RawBody []byte `contentType:"application/scim+json"`
}

type scimChangeInput struct {
	ID      string `path:"id" maxLength:"100"`
	RawBody []byte `contentType:"application/scim+json"`
	ifMatch
}

// ifMatch keeps what a caller says of the version that it saw.
type ifMatch struct{ match, noneMatch string }

func (m *ifMatch) keep(r *http.Request) {
	m.match, m.noneMatch = r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
}

// version is that of If-Match; 0: whichever.
func (m *ifMatch) version() int64 {
	if m.match == "*" {
		return 0
	}
	return account.ScimVersion(m.match)
}

type scimOutput struct {
	Status      int
	ContentType string `header:"Content-Type"`
	Location    string `header:"Location"`
	ETag        string `header:"ETag"`
	Body        []byte
}

func scimAnswer(status int, v any) (*scimOutput, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The answer could not be written.")
	}
	return &scimOutput{Status: status, ContentType: scimType, Body: b}, nil
}

// scimRecord answers with one resource.
func scimRecord(status int, base string, r scim.Record, err error) (*scimOutput, error) {
	if err != nil {
		return nil, err
	}
	out, err := scimAnswer(status, r.Answer(base))
	if err == nil {
		out.ETag = r.ETag()
		if status == http.StatusCreated {
			out.Location = r.At(base)
		}
	}
	return out, err
}

func describeScim(op *huma.Operation) {
	for _, p := range op.Responses {
		p.Content = map[string]*huma.MediaType{scimType: {Schema: &huma.Schema{Type: huma.TypeObject}}}
	}
}

func (s *Server) scimRoutes() {
	for _, kind := range []string{"User", "Group"} {
		s.scimResource(kind)
	}
	for _, about := range []string{"ServiceProviderConfig", "ResourceTypes", "Schemas"} {
		s.scimAbout(about)
	}
	s.provisioningRoutes()
}

// scimAbout is how the service describes itself to directories.
func (s *Server) scimAbout(what string) {
	handle(s, "GET", scimRoot+"/"+what, needs(access.UserProvision), about{id: "scim" + what, tag: scimTag, summary: "SCIM: " + what, raw: describeScim},
		func(_ context.Context, c *caller, _ *none) (*scimOutput, error) {
			return scimAnswer(http.StatusOK, scim.About(what, s.base(c)+scimRoot))
		})
}

// scimResource are the routes of a kind of resources.
func (s *Server) scimResource(kind string) {
	const tag = scimTag
	g, path, many := needs(access.UserProvision), scimRoot+"/"+kind+"s", strings.ToLower(kind)+"s"
	writes := Guard{Permission: access.UserProvision, Fresh: true} // groups give roles: a desk that was left open makes nobody an administrator
	handle(s, "GET", path, g, about{id: "scimList" + kind, tag: tag, summary: "Find a directory's " + many, detail: "SCIM 2.0 (RFC 7643, RFC 7644) for the organisation's own directory; docs/sign-in.md says how. Errors are those of RFC 7644, 3.12.", raw: describeScim},
		func(ctx context.Context, c *caller, in *scimListInput) (*scimOutput, error) {
			base := s.base(c) + scimRoot
			if in.SortBy != "" {
				return nil, scim.Invalid("Sorting is not supported: resources come by age.")
			}
			known := scim.UserFilters
			if kind == "Group" {
				known = scim.GroupFilters
			}
			f, err := scim.ReadFilter(in.Filter, known...)
			if err != nil {
				return nil, err
			}
			page, err := scim.ReadPage(in.StartIndex, in.Count)
			if err != nil {
				return nil, err
			}
			found, total, err := s.Accounts.ScimResources(ctx, c.Actor, kind, f, page)
			if err != nil {
				return nil, err
			}
			list := []any{}
			for _, r := range found {
				list = append(list, scim.Select(r.Answer(base), in.Attributes, in.Excluded))
			}
			return scimAnswer(http.StatusOK, map[string]any{"schemas": []string{scim.ListSchema}, "totalResults": total, "startIndex": page.Start, "itemsPerPage": len(list), "Resources": list})
		})
	handle(s, "GET", path+"/{id}", g, about{id: "scimGet" + kind, tag: tag, summary: "One of a directory's " + many, raw: describeScim},
		func(ctx context.Context, c *caller, in *scimOneInput) (*scimOutput, error) {
			base := s.base(c) + scimRoot
			r, err := s.Accounts.ScimResource(ctx, c.Actor, kind, in.ID)
			if err != nil {
				return nil, err
			}
			if in.noneMatch == r.ETag() {
				return &scimOutput{Status: http.StatusNotModified, ETag: r.ETag()}, nil
			}
			out, err := scimAnswer(http.StatusOK, scim.Select(r.Answer(base), in.Attributes, in.Excluded))
			if err == nil {
				out.ETag = r.ETag()
			}
			return out, err
		})
	handle(s, "POST", path, writes, about{id: "scimCreate" + kind, tag: tag, summary: "Make one of a directory's " + many, status: 201, once: true, body: scimBody, raw: describeScim},
		func(ctx context.Context, c *caller, in *scimCreateInput) (*scimOutput, error) {
			body, err := scim.ReadResource(in.RawBody)
			if err != nil {
				return nil, err
			}
			r, err := s.Accounts.ScimCreate(ctx, c.Actor, kind, body)
			return scimRecord(http.StatusCreated, s.base(c)+scimRoot, r, err)
		})
	change := func(ctx context.Context, c *caller, in *scimChangeInput, change func(map[string]any) (map[string]any, error)) (*scimOutput, error) {
		r, err := s.Accounts.ScimChange(ctx, c.Actor, kind, in.ID, in.version(), change)
		return scimRecord(http.StatusOK, s.base(c)+scimRoot, r, err)
	}
	handle(s, "PUT", path+"/{id}", writes, about{id: "scimReplace" + kind, tag: tag, summary: "Replace one of a directory's " + many, once: true, body: scimBody, raw: describeScim},
		func(ctx context.Context, c *caller, in *scimChangeInput) (*scimOutput, error) {
			body, err := scim.ReadResource(in.RawBody)
			if err != nil {
				return nil, err
			}
			return change(ctx, c, in, func(map[string]any) (map[string]any, error) { return body, nil })
		})
	handle(s, "PATCH", path+"/{id}", writes, about{id: "scimPatch" + kind, tag: tag, summary: "Change one of a directory's " + many, once: true, body: scimBody, raw: describeScim},
		func(ctx context.Context, c *caller, in *scimChangeInput) (*scimOutput, error) {
			ops, err := scim.ReadPatch(in.RawBody)
			if err != nil {
				return nil, err
			}
			return change(ctx, c, in, func(r map[string]any) (map[string]any, error) { return scim.Patch(r, ops) })
		})
	handle(s, "DELETE", path+"/{id}", writes, about{id: "scimRemove" + kind, tag: tag, summary: "Remove one of a directory's " + many, detail: "A user is locked or deleted, as the organisation chose.", once: true},
		func(ctx context.Context, c *caller, in *scimOneInput) (*none, error) {
			return done(s.Accounts.ScimRemove(ctx, c.Actor, kind, in.ID, in.version()))
		})
}

func (s *Server) provisioningRoutes() {
	users, fresh := Guard{Permission: access.SetupWrite, Users: true}, Guard{Permission: access.SetupWrite, Users: true, Fresh: true}
	handle(s, "GET", "/api/v1/provisioning", users, about{id: "provisioning", tag: setupTag, summary: "What the organisation's own directory does here by SCIM"},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.ProvisioningView], error) {
			return answer(s.Accounts.Provisioning(ctx, c.session, s.base(c)+scimRoot))
		})
	handle(s, "PUT", "/api/v1/provisioning", fresh, about{id: "putProvisioning", tag: setupTag, summary: "Change what the organisation's own directory does here", once: true,
		detail: "For administrators. Users of the directory's groups have at once what these give."},
		func(ctx context.Context, c *caller, in *provisioningInput) (*reply[account.ProvisioningView], error) {
			view := func() (account.ProvisioningView, error) {
				return s.Accounts.Provisioning(ctx, c.session, s.base(c)+scimRoot)
			}
			if err := s.Accounts.PutProvisioning(ctx, c.session, in.Body.Version, in.Body.Provisioning); err != nil {
				return answer(account.ProvisioningView{}, conflicting(err, view))
			}
			return answer(view())
		})
	handle(s, "POST", "/api/v1/provisioning/keys", fresh, about{id: "createProvisioningKey", tag: setupTag, summary: "Make a key for the organisation's own directory", status: 201, once: true,
		detail: "Shown once. It may do nothing but SCIM, and ends when the administrator who made it is deleted."},
		func(ctx context.Context, c *caller, in *provisioningKeyInput) (*reply[CreatedAPIKey], error) {
			k, key, err := s.Accounts.CreateProvisioningKey(ctx, c.session, in.Body.ExpiresAt)
			return answer(CreatedAPIKey{k, key.Reveal()}, err)
		})
}

type provisioningInput struct {
	Body struct {
		account.Provisioning
		Version int64 `json:"version" doc:"As it was read; 0 for the first."`
	}
}

type provisioningKeyInput struct {
	Body struct {
		ExpiresAt time.Time `json:"expires_at" doc:"Within two years."`
	}
}

// asScim says whether a request is one of SCIM, whose errors are others.
func asScim(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, scimRoot+"/") }

// scimProblem is a problem in the words of SCIM (RFC 7644, 3.12).
func scimProblem(p *Problem) (status int, body map[string]any) {
	status, detail, kind := p.Status, p.Detail, p.scim
	for _, f := range p.Errors {
		detail = strings.TrimPrefix(f.Location, "body.") + " " + f.Message + "."
		break
	}
	if status == http.StatusUnprocessableEntity {
		status, kind = http.StatusBadRequest, scim.InvalidValue
	}
	body = map[string]any{"schemas": []string{scim.ErrorSchema}, "status": strconv.Itoa(status), "detail": detail}
	if kind != "" {
		body["scimType"] = kind
	}
	return status, body
}

// scimFault makes a problem of what is wrong with a request of SCIM.
func scimFault(err error) (*Problem, bool) {
	var f *scim.Fault
	if !errors.As(err, &f) {
		return nil, false
	}
	return &Problem{Type: "about:blank", Title: http.StatusText(f.Status), Status: f.Status, Code: string(codeOf(f.Status)), Detail: f.Detail, scim: f.Type}, true
}
