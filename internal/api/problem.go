package api

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/wording"
)

// Problem is an RFC 9457 problem document, the body of every error.
type Problem struct {
	Type    string         `json:"type" doc:"Always about:blank: code tells the kind." example:"about:blank"`
	Title   string         `json:"title" doc:"The status in words."`
	Status  int            `json:"status"`
	Code    string         `json:"code" enum:"invalid,unauthorised,must_change_password,must_set_up,support_over,confirm,forbidden,not_found,conflict,gone,too_large,unsupported,rate_limited,unavailable,internal" doc:"Stable, for programs."`
	Detail  string         `json:"detail" doc:"A sentence for a person."`
	Errors  []ProblemField `json:"errors,omitempty" doc:"Each value that needs attention."`
	Current any            `json:"current,omitempty" doc:"With conflict: the object as it is now."`

	retryAfter time.Duration
	language   wording.Language
	scim       string // scimType, of a fault of SCIM's own
	cause      error  // for the log
}

// ProblemField names one wrong value.
type ProblemField struct {
	Location string `json:"location" doc:"Where, e.g. body.skills[2].level"`
	Message  string `json:"message" doc:"What is wrong with it and what is accepted."`
}

// mustChange is the code of a session that may only choose a new password.
const mustChange errs.Code = "must_change_password"

// mustSetUp is the code of a session that may only add a second factor.
const mustSetUp errs.Code = "must_set_up"

// supportOver is the code of a call about another organisation's affairs after
// the grant for that ended.
const supportOver errs.Code = "support_over"

// confirm is the code of a call that needs the password again: POST me/confirm.
const confirm errs.Code = "confirm"

var statusOf = map[errs.Code]int{
	errs.Invalid:      http.StatusUnprocessableEntity,
	errs.Unauthorised: http.StatusUnauthorized,
	mustChange:        http.StatusForbidden,
	supportOver:       http.StatusUnauthorized,
	mustSetUp:         http.StatusForbidden,
	confirm:           http.StatusForbidden,
	account.CodeEnded: http.StatusUnauthorized,
	errs.Forbidden:    http.StatusForbidden,
	errs.NotFound:     http.StatusNotFound,
	errs.Conflict:     http.StatusConflict,
	errs.Gone:         http.StatusGone,
	errs.TooLarge:     http.StatusRequestEntityTooLarge,
	errs.Unsupported:  http.StatusUnsupportedMediaType,
	errs.Limited:      http.StatusTooManyRequests,
	errs.Unavailable:  http.StatusServiceUnavailable,
	errs.Fenced:       http.StatusServiceUnavailable,
	errs.Internal:     http.StatusInternalServerError,
}

// codeOf is for faults that the HTTP layer finds itself.
func codeOf(status int) errs.Code {
	switch status {
	case http.StatusUnauthorized:
		return errs.Unauthorised
	case http.StatusForbidden:
		return errs.Forbidden
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return errs.NotFound
	case http.StatusConflict:
		return errs.Conflict
	case http.StatusRequestEntityTooLarge:
		return errs.TooLarge
	case http.StatusUnsupportedMediaType, http.StatusNotAcceptable:
		return errs.Unsupported
	case http.StatusTooManyRequests:
		return errs.Limited
	case http.StatusRequestTimeout, http.StatusServiceUnavailable:
		return errs.Unavailable
	}
	if status >= 500 {
		return errs.Internal
	}
	return errs.Invalid
}

// ours is all that anybody is told of a fault of ours; the log has the rest.
const ours = "Something went wrong on our side. Please try again."

// problemOf translates an error of any kind.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if p, ok := scimFault(err); ok {
		return p
	}
	e := errs.As(err)
	status, known := statusOf[e.Code]
	if !known {
		status = http.StatusInternalServerError
	}
	code := e.Code
	if code == errs.Fenced { // which node owns a floor is our affair
		code = errs.Unavailable
	}
	p = &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: string(code), Detail: e.Text,
		retryAfter: e.RetryAfter, cause: e.Cause}
	if code == errs.Internal {
		p.Detail = ours
	}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, ProblemField{location(f.Path), f.Problem})
	}
	if p.retryAfter <= 0 && status == http.StatusServiceUnavailable {
		p.retryAfter = time.Second
	}
	return p
}

// location says where in a request a part's field name stands: in the body,
// unless it says otherwise itself.
func location(path string) string {
	for _, where := range []string{"body.", "query.", "path.", "header."} {
		if strings.HasPrefix(path, where) {
			return path
		}
	}
	return "body." + path
}

// asked is the problem of a call that has no body: what a part found fault with
// stands in the query then.
func asked(method string, p *Problem) *Problem {
	if method == http.MethodGet || method == http.MethodDelete {
		for i, f := range p.Errors {
			if name, ok := strings.CutPrefix(f.Location, "body."); ok {
				p.Errors[i].Location = "query." + name
			}
		}
	}
	return p
}

// newProblem is a request that was found fault with: it keeps where and what, and
// drops the value, which may be personal.
func newProblem(status int, msg string, list ...error) *Problem {
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: string(codeOf(status)), Detail: sentence(msg)}
	for _, err := range list {
		if err == nil {
			continue
		}
		var own *errs.Error
		var d huma.ErrorDetailer
		switch {
		case errors.As(err, &own):
			q := problemOf(own)
			q.Errors = append(p.Errors, q.Errors...)
			p = q
		case errors.As(err, &d):
			p.Errors = append(p.Errors, ProblemField{d.ErrorDetail().Location, d.ErrorDetail().Message})
		default:
			p.cause = err
		}
	}
	if len(p.Errors) > 0 && p.Code == string(errs.Invalid) {
		p.Detail = p.Errors[0].Location + ": " + p.Errors[0].Message
		if n := len(p.Errors); n > 1 {
			p.Detail = strconv.Itoa(n) + " values need attention."
		}
	}
	return p
}

// in gives the problem in a language. Its own is English.
func (p *Problem) in(l wording.Language) *Problem {
	said := *p
	said.Detail, _ = wording.In(l, p.Detail)
	said.Errors = slices.Clone(p.Errors)
	for i, f := range said.Errors {
		said.Errors[i].Message, _ = wording.In(l, f.Message)
	}
	said.language = l
	return &said
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// problemType is the Content-Type of all problems, whatever the caller accepts.
const problemType = "application/problem+json"

// headers gives the language, and Retry-After in whole seconds, at least one.
func (p *Problem) headers() http.Header {
	h := http.Header{}
	if p.language != "" {
		h.Set("Content-Language", string(p.language))
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	return h
}

// writeProblem answers with a problem, in the language of who asks.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err).in(callerOf(r.Context()).language())
	for k, v := range p.headers() {
		w.Header()[k] = v
	}
	w.Header().Del("Content-Length")
	if asScim(r) {
		status, body := scimProblem(p)
		w.Header().Set("Content-Type", scimType)
		w.WriteHeader(status)
		_ = huma.DefaultJSONFormat.Marshal(w, body)
		return
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = huma.DefaultJSONFormat.Marshal(w, p) // the client may be gone
}
