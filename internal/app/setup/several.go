package setup

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// What is done to several objects at once.
const (
	DoArchive = "archive"
	DoRestore = "restore"
)

// MaxSeveral is how many objects are archived or brought back at once.
const MaxSeveral = 200

// Verdict says what becomes of one of several objects.
type Verdict string

const (
	WillMove Verdict = "changed"
	WillStay Verdict = "unchanged" // it is so already
	WillNot  Verdict = "refused"
)

// SeenObject is an object as somebody saw it.
type SeenObject struct {
	ID      string `json:"id" maxLength:"64"`
	Version int64  `json:"version,omitempty" doc:"The version you saw: one that somebody changed since is refused. Absent: as it is now."`
}

// Several are objects of one kind and what is to be done to them.
type Several struct {
	Do      string       `json:"do" enum:"archive,restore"`
	Objects []SeenObject `json:"objects" minItems:"1" maxItems:"200" nullable:"false"`
	Seen    string       `json:"seen,omitempty" maxLength:"64" doc:"Of the answer that said what would be done. Absent: nothing is done, and it is said what would be."`
}

// ObjectEffect is what becomes of one of several objects.
type ObjectEffect struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Version int64   `json:"version"`
	Verdict Verdict `json:"verdict" enum:"changed,unchanged,refused"`
	Field   string  `json:"field,omitempty" doc:"What in it is refused, if it is one thing."`
	Problem string  `json:"problem,omitempty" doc:"Why it is refused, in words: what uses it, say."`
}

// SeveralObjects is what would be done to several objects, or was done.
type SeveralObjects struct {
	Objects []ObjectEffect `json:"objects" nullable:"false" doc:"In the order in which they were named."`
	Seen    string         `json:"seen" doc:"To send along when it is to be done."`
}

// Several says what would become of several objects and, with the word that it gave for
// that, does it: each by itself, as Archive and Restore do, in an order in which one
// that another of them uses goes after that, and comes back before it. Conflict if
// something else would be done than what was seen; then nothing is.
func (s *Service) Several(ctx context.Context, a access.Actor, k core.Kind, x Several) (SeveralObjects, error) {
	if err := allowed(a, Writes(k)); err != nil {
		return SeveralObjects{}, err
	}
	out, turns, err := s.planSeveral(ctx, a, k, x)
	if err != nil || x.Seen == "" {
		return out, err
	}
	if x.Seen != out.Seen {
		return SeveralObjects{}, errs.New(errs.Conflict, "This would do something else now than what you saw. Look at it again.")
	}
	ctx = context.WithoutCancel(ctx) // who asked may go away: all of it is done, and the answer told to who asks again
	for _, at := range turns {
		o := &out.Objects[at]
		if x.Do == DoArchive {
			err = s.Archive(ctx, a, k, o.ID, o.Version)
		} else {
			_, err = s.Restore(ctx, a, k, o.ID, o.Version)
		}
		if err != nil {
			o.refuse(err)
			continue
		}
		o.Version++
	}
	return out, nil
}

func (o *ObjectEffect) refuse(err error) {
	e := errs.As(err)
	o.Verdict, o.Field, o.Problem = WillNot, "", e.Text
	if len(e.Fields) > 0 {
		o.Field, o.Problem = e.Fields[0].Path, e.Fields[0].Problem
	}
}

// planSeveral gives what becomes of each, and which of them change, in their turn.
func (s *Service) planSeveral(ctx context.Context, a access.Actor, k core.Kind, x Several) (out SeveralObjects, turns []int, err error) {
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		out, turns = SeveralObjects{}, nil
		st, err := s.load(tx)
		if err != nil {
			return err
		}
		rows, err := chosen(tx, k, x)
		if err != nil {
			return err
		}
		p := plan{state: st, kind: k, actor: a, rows: rows, out: make([]ObjectEffect, len(rows))}
		var open []int
		for i, r := range rows {
			o, err := core.Stored(k, r.Body)
			if err != nil {
				return err
			}
			p.objects = append(p.objects, o)
			p.out[i] = ObjectEffect{ID: r.ID, Name: o.Called(), Version: r.Version, Verdict: WillStay}
			if r.ArchivedAt.IsZero() != (x.Do == DoArchive) {
				continue
			}
			if v := x.Objects[i].Version; v != 0 && v != r.Version {
				p.out[i].refuse(errs.New(errs.Conflict, "This %s was changed by someone else in the meantime. Look at it again before you change it.", k.Word()))
				continue
			}
			open = append(open, i)
		}
		try := p.restores
		if x.Do == DoArchive {
			if try, err = p.archives(tx); err != nil {
				return err
			}
		}
		turns = p.inTurn(open, try)
		out.Objects = p.out
		return nil
	})
	if err != nil {
		return SeveralObjects{}, nil, err
	}
	sum := sha256.New()
	sum.Write([]byte(x.Do))
	_ = json.NewEncoder(sum).Encode(out.Objects) // strings and numbers only
	out.Seen = base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:18])
	return out, turns, nil
}

// chosen are the rows of the objects that are named, each once.
func chosen(tx *store.Tx, k core.Kind, x Several) ([]store.SetupRow, error) {
	all, err := tx.SetupOf(string(k))
	if err != nil {
		return nil, err
	}
	byID := make(map[string]store.SetupRow, len(all))
	for _, r := range all {
		byID[r.ID] = r
	}
	var faults errs.Fields
	if n := len(x.Objects); n == 0 || n > MaxSeveral {
		faults.Add("objects", "must be 1 to %d", MaxSeveral)
	}
	rows := make([]store.SetupRow, 0, len(x.Objects))
	for i, o := range x.Objects {
		r, ok := byID[o.ID]
		if !ok {
			faults.Add("objects["+strconv.Itoa(i)+"].id", "must be that of a %s of your organisation, named once", k.Word())
			continue
		}
		delete(byID, o.ID)
		rows = append(rows, r)
	}
	return rows, faults.Err()
}

// plan is several objects in the set-up as it becomes while they change one by one.
type plan struct {
	*state
	kind    core.Kind
	actor   access.Actor
	rows    []store.SetupRow
	objects []core.Object
	out     []ObjectEffect
}

// inTurn tries each until nothing more can be done: one may have to wait for others.
func (p *plan) inTurn(open []int, try func(i int) error) (turns []int) {
	for more := true; more; {
		more = false
		var left []int
		for _, i := range open {
			err := try(i)
			if err != nil {
				p.out[i].refuse(err)
				left = append(left, i)
				continue
			}
			p.out[i].Verdict, p.out[i].Field, p.out[i].Problem, more = WillMove, "", "", true
			turns = append(turns, i)
		}
		open = left
	}
	return turns
}

// archives gives what takes one out of use, or says why it cannot be.
func (p *plan) archives(tx *store.Tx) (func(i int) error, error) {
	at := map[string]int{} // open interactions by queue
	if p.kind == core.KindQueue {
		open, err := tx.OpenInteractions()
		if err != nil {
			return nil, err
		}
		for _, i := range open {
			at[i.QueueID]++
		}
	}
	users := p.allUsersOf(p.kind)
	gone := map[string]bool{}
	return func(i int) error {
		id := p.rows[i].ID
		var left []user
		for _, u := range users[id] {
			if u.Kind() != p.kind || !gone[u.id] {
				left = append(left, u)
			}
		}
		if err := p.usedBy(p.kind, id, left); err != nil {
			return err
		}
		if err := working(at[id]); err != nil {
			return err
		}
		gone[id] = true
		return nil
	}, nil
}

// restores takes one into use again, or says why it cannot be.
func (p *plan) restores(i int) error {
	r, o := p.rows[i], p.objects[i]
	if err := mayTell(p.actor, o); err != nil {
		return err
	}
	if len(p.state.objects[p.kind]) >= most(p.kind) {
		return tooMany(p.kind)
	}
	if err := p.check(r.ID, o); err != nil {
		return err
	}
	p.put(r.ID, o)
	return nil
}
