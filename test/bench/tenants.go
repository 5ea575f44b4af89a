package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/app/setup"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/vault"
)

// someTenants is what the others are compared with: an installation of a small provider.
const someTenants = 100

// foundedTogether is how many organisations are made at a time: those share commits.
const foundedTogether = 256

// asked is how often each list is asked for.
const asked = 25

// manyTenants starts the program over an installation of many organisations, each with
// users, a role, a queue, opening hours, a flow and an entry point, in which nobody works
// at this moment; and over one of few. Then it lists and finds them.
func manyTenants(r *run) error {
	few, err := r.provider("few", min(someTenants, r.tenants))
	if err != nil {
		return err
	}
	base, err := r.idleTenants(few, nil)
	if err != nil {
		return err
	}
	began := time.Now()
	many, err := r.provider("many", r.tenants)
	if err != nil {
		return err
	}
	made := time.Since(began)
	var lists []float64
	var took time.Duration
	all, err := r.idleTenants(many, func(p *drive.Program, start time.Duration) (err error) {
		took = start
		lists, err = r.lists(p, many)
		return err
	})
	if err != nil {
		return err
	}
	grown := float64(all.memory-base.memory) / float64(max(r.tenants-someTenants, 1))
	r.figure("tenants_start", took.Seconds(), "s", atMost, 10, fmt.Sprintf("wall until ready, over %d organisations; CPU %.1f s. They were made in %.0f s", r.tenants, all.start.Seconds(), made.Seconds()))
	r.figure("tenants_idle", grown/1000, "KB", atMost, 100, fmt.Sprintf("resident, a tenant in which nobody works; %.0f MB with %d", float64(all.memory)/1e6, r.tenants))
	r.figure("tenants_idle_cpu", all.second.Seconds()*1000, "ms", noGoal, 0, fmt.Sprintf("CPU a second, over 20 s, of all of them; %.1f ms with %d", base.second.Seconds()*1000, someTenants))
	r.figure("tenants_stop", all.stop.Seconds(), "s", noGoal, 0, fmt.Sprintf("wall until the process has ended, that was asked to; %.1f s with %d", base.stop.Seconds(), someTenants))
	slices.Sort(lists)
	r.figure("tenants_list", lists[len(lists)/2], "ms", atMost, 100, fmt.Sprintf("wall, the slowest kind of list: first page, a part of a name, a state, below a reseller, use of a month; median of %d", asked))
	return nil
}

// provided is an installation with many tenants.
type provided struct {
	dir      string
	reseller id.Tenant
}

// idle is what an installation costs in which nobody works.
type idle struct {
	memory int64
	start  time.Duration // CPU
	second time.Duration // CPU
	stop   time.Duration
}

func (r *run) idleTenants(at provided, then func(*drive.Program, time.Duration) error) (out idle, err error) {
	began := time.Now()
	p, err := r.serve(at.dir, "")
	if err != nil {
		return out, err
	}
	took := time.Since(began)
	if out.start, err = cpu(p.PID()); err != nil {
		return out, err
	}
	if out.memory, err = r.settled(p.PID()); err != nil {
		return out, err
	}
	before, err := cpu(p.PID())
	if err != nil {
		return out, err
	}
	const watch = 20
	if err := r.pause(watch * time.Second); err != nil {
		return out, err
	}
	after, err := cpu(p.PID())
	if err != nil {
		return out, err
	}
	out.second = (after - before) / watch
	if then != nil {
		if err := then(p, took); err != nil {
			return out, err
		}
	}
	began = time.Now()
	err = p.Stop(r.ctx)
	out.stop = time.Since(began)
	return out, err
}

// lists asks for lists of organisations as their page does, and gives how long the
// slowest kind took each time, in milliseconds.
func (r *run) lists(p *drive.Program, at provided) ([]float64, error) {
	login, err := r.demo.Login("operator", string(access.OperatorRole))
	if err != nil {
		return nil, err
	}
	u, err := drive.SignIn(r.ctx, drive.Client(), p.BaseURL, login)
	if err != nil {
		return nil, err
	}
	slowest := make([]float64, asked)
	used := "/usage?limit=50&month=" + time.Now().UTC().Format("2006-01")
	for _, ask := range []string{"?limit=50&anywhere=true", "?limit=50&anywhere=true&find=" + url.QueryEscape("Loja 7"), "?limit=50&anywhere=true&state=suspended", "?limit=50&parent=" + string(at.reseller),
		used, used + "&order=chat", used + "&order=voice&find=" + url.QueryEscape("Loja 7")} {
		for i := range asked {
			var page struct {
				Items []struct{ ID string } `json:"items"`
			}
			began := time.Now()
			if err := u.Do(r.ctx, "GET", "organisations"+ask, nil, &page); err != nil {
				return nil, err
			}
			slowest[i] = max(slowest[i], float64(time.Since(began).Microseconds())/1000)
			if len(page.Items) == 0 {
				return nil, fmt.Errorf("%s finds nothing", ask)
			}
		}
	}
	return slowest, nil
}

// provider makes an installation with so many tenants below ten resellers.
func (r *run) provider(name string, tenants int) (provided, error) {
	dir, err := r.installation("tenants-" + name)
	if err != nil {
		return provided{}, err
	}
	db, err := store.Open(r.ctx, store.Config{Driver: store.SQLite, DSN: filepath.Join(dir, "nubitalk.db")})
	if err != nil {
		return provided{}, err
	}
	defer func() { _ = db.Close() }()
	keys, err := keystore.Open(r.ctx, keystore.Config{Driver: store.SQLite, DSN: filepath.Join(dir, "keys", "keys.db"), Clock: clock.Real{}})
	if err != nil {
		return provided{}, err
	}
	defer func() { _ = keys.Close() }()
	root, err := vault.FileRoot(filepath.Join(dir, "keys", "root.key"))
	if err != nil {
		return provided{}, err
	}
	v, err := vault.Open(vault.Config{Root: root, Store: keys, Clock: clock.Real{}})
	if err != nil {
		return provided{}, err
	}
	f := founding{db: db, vault: v, ids: id.NewSource(time.Now, nil), setup: setup.New(setup.Deps{DB: db, Clock: clock.Real{}, IDs: id.NewSource(time.Now, nil),
		Audit: audit.New(db, clock.Real{}), Vault: v, Changed: func(setup.Change) {}})}
	err = f.found(r.ctx, tenants)
	return provided{dir: dir, reseller: f.resellers[0]}, err
}

// before is the node that had the floors before they went to rest.
const before = "nod_before"

// founding makes organisations as the program does, but many in one commit.
type founding struct {
	db        *store.DB
	vault     *vault.Vault
	ids       *id.Source
	setup     *setup.Service
	resellers [10]id.Tenant
}

func (f *founding) found(ctx context.Context, tenants int) error {
	now := time.Now()
	var operator id.Tenant
	err := f.db.System(ctx, func(tx *store.Tx) (err error) {
		if operator, err = tx.OperatorID(); err != nil {
			return err
		}
		for i := range f.resellers {
			f.resellers[i] = id.Tenant(f.ids.New(id.Reseller))
			err := tx.InsertOrganisation(store.OrganisationRow{ID: f.resellers[i], Kind: "reseller", ParentID: operator, Slug: fmt.Sprintf("reseller-%d", i), Name: fmt.Sprintf("Reseller %d", i),
				Status: "active", Language: "pt", TimeZone: "Europe/Lisbon", CreatedAt: now, UpdatedAt: now})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	next, failed := make(chan int), make(chan error, foundedTogether)
	for range foundedTogether {
		go func() {
			var first error
			for i := range next {
				if first == nil {
					first = f.tenant(ctx, i, now)
				}
			}
			failed <- first
		}()
	}
	for i := range tenants {
		next <- i
	}
	close(next)
	for range foundedTogether {
		err = errors.Join(err, <-failed)
	}
	return err
}

func (f *founding) tenant(ctx context.Context, i int, now time.Time) error {
	o := store.OrganisationRow{ID: id.Tenant(f.ids.New(id.TenantKind)), Kind: "tenant", ParentID: f.resellers[i%len(f.resellers)], Slug: fmt.Sprintf("shop-%d", i), Name: fmt.Sprintf("Loja %d Lda", i),
		Status: "active", Language: "pt", TimeZone: "Europe/Lisbon", CreatedAt: now, UpdatedAt: now}
	if i%50 == 49 {
		o.Status = "suspended"
	}
	if err := f.db.System(ctx, func(tx *store.Tx) error { return tx.InsertOrganisation(o) }); err != nil {
		return err
	}
	if err := f.vault.CreateTenant(ctx, o.ID); err != nil {
		return err
	}
	return f.db.Write(ctx, o.ID, func(tx *store.Tx) error {
		// As the program leaves it when nobody has worked there for a while.
		lease, _, err := tx.ClaimLease(store.FloorLease, before, time.Minute, now, store.LeaseRow{})
		if err != nil {
			return err
		}
		if _, err := tx.RestLease(store.FloorLease, before, lease.Fence); err != nil {
			return err
		}
		if err := f.setup.Prepare(tx, o.Language, o.TimeZone); err != nil {
			return err
		}
		if err := tx.PutUsageDays(store.UsageDayRow{Day: now.UTC().Format(time.DateOnly), Amounts: usage.Amounts{Agents: 3, Voice: int64(i * 7 % 1000), Chat: int64(i * 11 % 1000)}, CountedAt: now}); err != nil {
			return err
		}
		if err := tx.InsertRole(store.RoleRow{ID: f.ids.New(id.Role), Name: "Team lead", NameKey: "team lead", Base: string(access.Supervisor), Grants: map[string]int{string(access.FloorWatch): 2}, CreatedAt: now, UpdatedAt: now}); err != nil {
			return err
		}
		for n, role := range []access.Role{access.Administrator, access.Supervisor, access.Agent, access.Agent} {
			name := fmt.Sprintf("user-%d", n)
			u := store.UserRow{ID: f.ids.New(id.User), UserName: name, UserNameKey: name, Status: "active", Roles: []string{string(role)},
				PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Language: o.Language, CreatedAt: now, UpdatedAt: now}
			if err := tx.InsertUser(u); err != nil {
				return err
			}
		}
		return nil
	})
}
