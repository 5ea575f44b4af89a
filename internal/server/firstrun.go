package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/base/wording"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

//go:embed firstrun
var firstRunFiles embed.FS

// operatorSlug is the short name of the operator's own organisation.
const operatorSlug = "operator"

var slugForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$`)

const firstRunPolicy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// firstRun is the first page of a new installation: it makes the operator and
// the first tenant. It is open until there is an operator, to whoever holds the
// code that the program printed.
type firstRun struct {
	accounts founder
	founded  func(context.Context, id.Tenant)
	log      *slog.Logger
	pages    *template.Template

	mu   sync.Mutex // held while installing, so that it happens once
	open bool
	code secret.Text
}

// founder is what the page needs of the accounts.
type founder interface {
	Install(ctx context.Context, n account.NewOrganisation, password secret.Text, mustChange bool) (account.Organisation, account.User, error)
	CreateOrganisation(ctx context.Context, a access.Actor, n account.NewOrganisation) (account.Organisation, account.User, secret.Text, error)
}

func newFirstRun(accounts founder, founded func(context.Context, id.Tenant), log *slog.Logger) *firstRun {
	return &firstRun{accounts: accounts, founded: founded, log: log, pages: template.Must(template.New("").Funcs(template.FuncMap{"field": startFieldOf}).ParseFS(firstRunFiles, "firstrun/*.html"))}
}

// startField is one text field of the form.
type startField struct{ ID, Label, Hint, Complete, Value, Problem string }

func startFieldOf(p *startPage, id, label, hint, complete string) startField {
	return startField{ID: id, Label: label, Hint: hint, Complete: complete, Value: p.Values[id], Problem: p.Problems[id]}
}

// start opens the page if nobody has installed anything yet.
func (f *firstRun) start(ctx context.Context, db *store.DB) error {
	operator, err := operatorOf(ctx, db)
	if err != nil || operator != "" {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open, f.code = true, secret.New(rand.Text())
	return nil
}

// operatorOf is the operator's own organisation; "" in a new installation.
func operatorOf(ctx context.Context, db *store.DB) (operator id.Tenant, err error) {
	err = db.SystemRead(ctx, func(tx *store.Tx) error {
		orgs, err := tx.Organisations()
		operator = ""
		for _, o := range orgs {
			if o.Kind == string(account.KindOperator) && o.Status == string(account.Active) {
				operator = o.ID
			}
		}
		return err
	})
	return operator, err
}

// path is where the page is, with its code; "" when it is closed.
func (f *firstRun) path() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.open {
		return ""
	}
	return "/start?code=" + f.code.Reveal()
}

func (f *firstRun) isOpen() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open
}

func (f *firstRun) register(mux *http.ServeMux) {
	same := http.NewCrossOriginProtection()
	mux.Handle("GET /start", http.HandlerFunc(f.ask))
	mux.Handle("POST /start", same.Handler(http.HandlerFunc(f.install)))
	mux.HandleFunc("GET /start.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeFileFS(w, r, firstRunFiles, "firstrun/start.css")
	})
}

// lead sends visitors of a new installation's pages to the first one.
func (f *firstRun) lead(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.URL.Path == "/" || r.URL.Path == "/app/") && f.isOpen() {
			http.Redirect(w, r, "/start", http.StatusFound)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// startPage is what the template sees.
type startPage struct {
	Language string
	T        *startTexts
	Code     string
	Holds    bool // whoever asks holds the code
	Values   map[string]string
	Problems map[string]string // by field; "" for the whole form
	Done     *startDone
}

type startDone struct{ Organisation, UserName, Password, Operator string }

func (f *firstRun) ask(w http.ResponseWriter, r *http.Request) {
	if !f.isOpen() {
		http.Redirect(w, r, "/app/", http.StatusFound)
		return
	}
	p := newStartPage(r, r.URL.Query().Get("code"), f.holds(r.URL.Query().Get("code")))
	p.Values["time_zone"] = machineZone()
	f.show(w, http.StatusOK, p)
}

func newStartPage(r *http.Request, code string, holds bool) *startPage {
	l := cmp.Or(wording.Asked(r.Header.Get("Accept-Language")), wording.English)
	p := &startPage{Language: string(l), T: startWords[string(l)], Code: code, Holds: holds, Values: map[string]string{}, Problems: map[string]string{}}
	p.Values["language"] = p.Language
	return p
}

// machineZone is the time zone of this machine, if it has a name.
func machineZone() string {
	if name := time.Local.String(); strings.Contains(name, "/") {
		return name
	}
	return "Europe/Lisbon"
}

func (f *firstRun) holds(code string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open && subtle.ConstantTimeCompare([]byte(code), []byte(f.code.Reveal())) == 1
}

func (f *firstRun) install(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form could not be read.", http.StatusBadRequest)
		return
	}
	code := r.PostForm.Get("code")
	p := newStartPage(r, code, f.holds(code))
	for _, field := range []string{"name", "slug", "administrator", "language", "time_zone"} {
		p.Values[field] = strings.TrimSpace(r.PostForm.Get(field))
	}
	if !p.Holds {
		f.show(w, http.StatusForbidden, p)
		return
	}
	status, err := http.StatusOK, f.found(r.Context(), p, secret.New(r.PostForm.Get("password")))
	if err != nil {
		e := errs.As(err)
		status = http.StatusUnprocessableEntity
		l := wording.Language(p.Language)
		for _, field := range e.Fields {
			p.Problems[field.Path], _ = wording.In(l, field.Problem)
		}
		if len(e.Fields) == 0 {
			p.Problems[""], _ = wording.In(l, e.Text)
			f.log.Error("the first organisation could not be made", "error", err)
		}
	}
	f.show(w, status, p)
}

// found makes the operator, whose user has the password of the form, and the
// first tenant, whose administrator gets a one-time password.
func (f *firstRun) found(ctx context.Context, p *startPage, password secret.Text) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.open {
		return errs.New(errs.Conflict, "This installation has been set up already. Sign in instead.")
	}
	v := p.Values
	// Checked before anything is made, because the operator would be there
	// already when the tenant's short name turns out wrong.
	if !slugForm.MatchString(v["slug"]) {
		return errs.Bad("slug", "must have 2 to 40 lower-case letters, digits or hyphens, and start and end with a letter or digit")
	}
	if v["slug"] == operatorSlug {
		return errs.Bad("slug", "%q is the operator's own; take another", operatorSlug)
	}
	org := account.NewOrganisation{Kind: account.KindTenant, Slug: v["slug"], Name: v["name"], Language: v["language"], TimeZone: v["time_zone"], Administrator: v["administrator"]}
	operator := org
	operator.Slug = operatorSlug
	own, user, err := f.accounts.Install(ctx, operator, password, false)
	if err != nil {
		return err
	}
	f.open = false
	actor := access.Actor{Tenant: own.ID, User: user.ID, Roles: []access.Role{access.OperatorRole}}
	tenant, admin, once, err := f.accounts.CreateOrganisation(ctx, actor, org)
	if err != nil {
		return err
	}
	f.founded(ctx, tenant.ID)
	p.Done = &startDone{Organisation: tenant.Slug, UserName: admin.UserName, Password: once.Reveal(), Operator: operatorSlug}
	return nil
}

func (f *firstRun) show(w http.ResponseWriter, status int, p *startPage) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", firstRunPolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if err := f.pages.ExecuteTemplate(w, "start.html", p); err != nil {
		f.log.Warn("the first page could not be shown", "error", err)
	}
}

// FirstRun is the path of the first page, with its code; "" if the installation
// is set up.
func (s *Server) FirstRun() string { return s.first.path() }
