package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/vault"
)

// crowded is how much goes on in an organisation: each agent serves one queue.
type crowded struct{ agents, queues, running, waiting int }

// The one that restarts has as much as a floor is made for. In the other, agents
// become free while others always wait.
var (
	restarting = crowded{agents: 10_000, queues: 100, running: 10_000, waiting: 100_000}
	busy       = crowded{agents: 10, queues: 1, waiting: 2000}
)

const (
	together = 1000 // interactions written in a transaction
	frees    = 100  // how often each agent becomes free
	talk     = 50 * time.Millisecond
)

// floorRestart is from the start of the process until an agent's desk answers,
// over an organisation with very much going on. Then every number must be there.
func floorRestart(r *run) error {
	dir, err := r.installation("floor")
	if err != nil {
		return err
	}
	users, err := r.crowdedFloor(dir, restarting)
	if err != nil {
		return err
	}
	began := time.Now()
	p, err := r.serve(dir, "")
	if err != nil {
		return err
	}
	defer p.Kill()
	ctx, cancel := context.WithTimeout(r.ctx, 5*time.Minute)
	defer cancel()
	users[0].HTTP, users[0].Base = drive.Client(), p.BaseURL
	var late *drive.Problem
	for err = users[0].Do(ctx, "GET", "desk", nil, nil); errors.As(err, &late) && late.Status == 503; err = users[0].Do(ctx, "GET", "desk", nil, nil) {
		if err := r.pause(5 * time.Millisecond); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	took := time.Since(began)
	memory, err := resident(p.PID())
	if err != nil {
		return err
	}
	spent, err := cpu(p.PID())
	if err != nil {
		return err
	}
	if err := r.sameFloor(ctx, p); err != nil {
		return err
	}
	how := fmt.Sprintf("%d agents, %d queues, %d waiting and %d running", restarting.agents, restarting.queues, restarting.waiting, restarting.running)
	r.figure("floor_restart", took.Seconds(), "s", atMost, 5, "wall, from the start until a desk answers; "+how)
	r.figure("floor_restart_cpu", spent.Seconds(), "s", noGoal, 0, "CPU until then")
	r.figure("floor_restart_memory", float64(memory)/1e6, "MB", atMost, 1000, "resident then")
	return nil
}

// freeToOffer is from an agent's ending of a conversation until the next offer is
// read on its live connection: the request, the commit of the end and of the
// offer, and the way to the browser.
func freeToOffer(r *run) error {
	dir, err := r.installation("free")
	if err != nil {
		return err
	}
	users, err := r.crowdedFloor(dir, busy)
	if err != nil {
		return err
	}
	p, err := r.serve(dir, "")
	if err != nil {
		return err
	}
	defer p.Kill()
	ctx, cancel := context.WithTimeout(r.ctx, 5*time.Minute)
	defer cancel()
	took := make([][]float64, len(users))
	err = each(len(users), len(users), func(i int) (err error) {
		users[i].HTTP, users[i].Base = drive.Client(), p.BaseURL
		took[i], err = becomeFree(ctx, users[i])
		return err
	})
	if err != nil {
		return err
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	how := fmt.Sprintf("wall, from the request that ends a conversation, durable; %d agents, %d times, others always waiting", busy.agents, len(all))
	r.figure("free_to_offer", median(all), "ms", atMost, 5, how)
	r.figure("free_to_offer_p99", all[len(all)*99/100], "ms", atMost, 20, how)
	return nil
}

// becomeFree handles one conversation after another, each for a moment, and says how long each next
// offer took, in milliseconds.
func becomeFree(ctx context.Context, u *drive.User) (took []float64, err error) {
	live, err := u.Live(ctx, "")
	if err != nil {
		return nil, err
	}
	defer live.Close()
	if err := u.Do(ctx, "PUT", "desk/presence", map[string]string{"presence": "ready"}, nil); err != nil {
		return nil, err
	}
	var now drive.Desk
	if err := u.Do(ctx, "GET", "desk", nil, &now); err != nil {
		return nil, err
	}
	var offer drive.Offer
	if len(now.Offers) > 0 {
		offer = now.Offers[0]
	} else if offer, err = nextOffer(ctx, live, ""); err != nil {
		return nil, err
	}
	for range frees {
		if err := u.Do(ctx, "POST", "offers/"+offer.ID+"/accept", nil, nil); err != nil {
			return nil, err
		}
		time.Sleep(talk/2 + mathrand.N(talk))
		began := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- u.Do(ctx, "POST", "interactions/"+offer.Interaction.ID+"/finish", nil, nil) }()
		next, err := nextOffer(ctx, live, offer.ID)
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(began).Seconds()*1e3)
		if err := <-ended; err != nil {
			return nil, err
		}
		offer = next
	}
	return took, nil
}

// nextOffer reads until another offer than last.
func nextOffer(ctx context.Context, live *drive.Live, last string) (offer drive.Offer, err error) {
	for {
		f, err := live.Next(ctx)
		if err != nil {
			return offer, err
		}
		if f.Type != "offer.made" {
			continue
		}
		if err := json.Unmarshal(f.Data, &offer); err != nil || offer.ID != last {
			return offer, err
		}
	}
}

// sameFloor asks the supervisor's room for what was stored.
func (r *run) sameFloor(ctx context.Context, p *drive.Program) error {
	login, err := r.demo.Login("demo", "supervisor")
	if err != nil {
		return err
	}
	boss, err := drive.SignIn(ctx, drive.Client(), p.BaseURL, login)
	if err != nil {
		return err
	}
	var now struct {
		Queues []struct {
			Name    string `json:"name"`
			Waiting int    `json:"waiting"`
		} `json:"queues"`
	}
	if err := boss.Do(ctx, "GET", "floor", nil, &now); err != nil {
		return err
	}
	waiting := 0
	for _, q := range now.Queues {
		waiting += q.Waiting
	}
	if waiting < restarting.waiting {
		return fmt.Errorf("of %d who waited, %d wait after the restart", restarting.waiting, waiting)
	}
	return nil
}

// crowdedFloor puts agents, queues, conversations and people into a stopped
// installation, as chats leave them there.
func (r *run) crowdedFloor(dir string, size crowded) ([]*drive.User, error) {
	users, err := drive.Hire(r.ctx, dir, size.agents)
	if err != nil {
		return nil, err
	}
	return users, r.crowd(dir, size)
}

func (r *run) crowd(dir string, size crowded) error {
	db, err := store.Open(r.ctx, store.Config{Driver: store.SQLite, DSN: filepath.Join(dir, "nubitalk.db")})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	keys, err := keystore.Open(r.ctx, keystore.Config{Driver: store.SQLite, DSN: filepath.Join(dir, "keys", "keys.db")})
	if err != nil {
		return err
	}
	defer func() { _ = keys.Close() }()
	root, err := vault.FileRoot(filepath.Join(dir, "keys", "root.key"))
	if err != nil {
		return err
	}
	v, err := vault.Open(vault.Config{Root: root, Store: keys})
	if err != nil {
		return err
	}
	c := &crowding{crowded: size, db: db, vault: v, ids: id.NewSource(clock.Real{}.Now, nil), now: time.Now()}
	if err := db.SystemRead(r.ctx, func(tx *store.Tx) error {
		org, err := tx.OrganisationBySlug("demo")
		c.tenant = org.ID
		return err
	}); err != nil {
		return err
	}
	if err := db.Write(r.ctx, c.tenant, c.furnish); err != nil {
		return err
	}
	for first := 0; first < c.running+c.waiting; first += together {
		if err := c.people(r.ctx, first); err != nil {
			return err
		}
	}
	return nil
}

// crowding is a database that is being filled.
type crowding struct {
	crowded
	db     *store.DB
	vault  *vault.Vault
	ids    *id.Source
	tenant id.Tenant
	now    time.Time
	users  []string // ids of the agents
	lines  []string // ids of the queues
}

// furnish makes queues like the demonstration's, each for its own agents, who
// are ready.
func (c *crowding) furnish(tx *store.Tx) error {
	users, err := tx.Users()
	if err != nil {
		return err
	}
	for _, u := range users {
		if strings.HasPrefix(u.UserName, "hired-") {
			c.users = append(c.users, u.ID)
			if err := tx.PutAgent(store.AgentRow{UserID: u.ID, Presence: "ready", Since: c.now, IdleSince: c.now}); err != nil {
				return err
			}
		}
	}
	if len(c.users) != c.agents {
		return fmt.Errorf("%d agents were hired", len(c.users))
	}
	like, err := tx.SetupOf(string(setup.KindQueue))
	if err != nil {
		return err
	}
	for i := range c.queues {
		body := map[string]any{}
		if err := json.Unmarshal(like[0].Body, &body); err != nil {
			return err
		}
		body["name"] = fmt.Sprintf("Queue %03d", i)
		each := c.agents / c.queues
		body["wrap_up_seconds"], body["wrap_up_open"] = 0, false
		body["members"] = c.users[i*each : (i+1)*each]
		row := store.SetupRow{Kind: like[0].Kind, ID: c.ids.New(id.Queue), Position: int64(1000 + i), CreatedAt: c.now, UpdatedAt: c.now}
		if row.Body, err = json.Marshal(body); err != nil {
			return err
		}
		if err := tx.InsertSetup(row); err != nil {
			return err
		}
		c.lines = append(c.lines, row.ID)
	}
	return nil
}

// people writes conversations from a number on: first those that agents hold,
// then those who wait.
func (c *crowding) people(ctx context.Context, first int) error {
	contacts := make([]string, min(together, c.running+c.waiting-first))
	for i := range contacts {
		contacts[i] = c.ids.New(id.Contact)
	}
	slices.Sort(contacts)
	if err := c.vault.CreateContacts(ctx, c.tenant, contacts); err != nil {
		return err
	}
	return c.db.Write(ctx, c.tenant, func(tx *store.Tx) error {
		for i, contact := range contacts {
			if err := c.person(tx, contact, first+i); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *crowding) person(tx *store.Tx, contact string, n int) error {
	ctx, work := tx.Context(), c.ids.New(id.Interaction)
	profile, err := c.vault.SealContact(ctx, c.tenant, contact, "contacts.profile/"+contact, []byte("{}"))
	if err != nil {
		return err
	}
	name, err := c.vault.SealContact(ctx, c.tenant, contact, "interactions.name/"+work, fmt.Appendf(nil, "Visitor %d", n))
	if err != nil {
		return err
	}
	if err := tx.InsertContact(store.ContactRow{ID: contact, ProfileSealed: profile, CreatedAt: c.now, SeenAt: c.now}); err != nil {
		return err
	}
	came := c.now.Add(time.Duration(n-c.running-c.waiting) * time.Millisecond)
	row := store.InteractionRow{ID: work, Channel: "chat", FlowSealed: name, ContactID: contact, NameSealed: name, State: "queued", QueueID: c.lines[n%c.queues],
		Language: "en", ArrivedAt: came, QueuedAt: came, Place: came, EnteredAt: came}
	holder := store.SegmentRow{InteractionID: work, Number: 1, HolderKind: "queue", HolderID: row.QueueID, StartedAt: came}
	if n < c.running {
		row.State, row.AgentID, row.QueueID, row.AnsweredAt = "active", c.users[n], c.lines[n/(c.agents/c.queues)], came
		holder.HolderKind, holder.HolderID = "agent", row.AgentID
	}
	if err := tx.InsertInteraction(row); err != nil {
		return err
	}
	hash := make([]byte, 32) // of a token that nobody has
	_, _ = rand.Read(hash)   // never fails
	if err := tx.InsertChat(store.ChatRow{InteractionID: work, TokenHash: hash, VisitorSeenAt: c.now, ExpiresAt: c.now.Add(24 * time.Hour)}); err != nil {
		return err
	}
	return tx.PutSegment(holder)
}
