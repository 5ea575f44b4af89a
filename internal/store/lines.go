package store

import (
	"strings"
	"sync"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/userfile"
)

// Lines are an installation's organisations as they are found, read again when one has
// changed: to read ten thousand takes longer than to look through them. Nobody changes a
// list that was given. The zero value is ready, and may be used by several goroutines.
type Lines struct {
	mu    sync.Mutex
	stamp [2]int64
	list  []OrganisationLine
}

// All are all organisations, by id, and another stamp after each change of one (System).
func (k *Lines) All(tx *Tx) (list []OrganisationLine, stamp [2]int64, err error) {
	if stamp, err = tx.OrganisationsStamp(); err != nil {
		return nil, stamp, err
	}
	k.mu.Lock()
	list, known := k.list, k.stamp == stamp
	k.mu.Unlock()
	if known {
		return list, stamp, nil
	}
	if list, err = tx.OrganisationLines(); err != nil {
		return nil, stamp, err
	}
	for i := range list {
		list[i].words = userfile.Fold(list[i].Name) + "\n" + userfile.Fold(list[i].Slug)
	}
	k.mu.Lock()
	k.stamp, k.list = stamp, list
	k.mu.Unlock()
	return list, stamp, nil
}

// LineQuery says which organisations are looked for; what is empty does not matter.
type LineQuery struct {
	Parent   id.Tenant // "": the organisation that asks
	Anywhere bool      // not only right below it
	Find     string    // part of a name or a short name, however it is accented
	Kind     string
}

// Below gives the organisations below one that a query is about, by id, and the names of
// the resellers below it (System). A parent that is not below it does not exist.
func (k *Lines) Below(tx *Tx, own id.Tenant, q LineQuery) (found []OrganisationLine, names map[id.Tenant]string, err error) {
	lines, _, err := k.All(tx)
	if err != nil {
		return nil, nil, err
	}
	if q.Parent == "" {
		q.Parent = own
	}
	names, above := map[id.Tenant]string{}, map[id.Tenant]id.Tenant{} // of those that have others below them
	is := map[id.Tenant]id.Tenant{}
	for _, o := range lines {
		if o.Kind == "reseller" {
			names[o.ID], above[o.ID] = o.Name, o.ParentID
		}
		if o.ID == q.Parent {
			is[o.ID] = o.ParentID
		}
	}
	delete(names, own)
	// under says whether what has a parent is anywhere below another.
	under := func(parent, another id.Tenant) bool {
		for parent != "" && parent != another {
			parent = above[parent]
		}
		return parent == another
	}
	if parent, known := is[q.Parent]; q.Parent != own && (!known || !under(parent, own)) {
		return nil, nil, errs.New(errs.NotFound, "This organisation does not exist.")
	}
	word := userfile.Fold(strings.TrimSpace(q.Find))
	for _, o := range lines {
		if q.Kind != "" && o.Kind != q.Kind || o.ParentID == "" || !q.Anywhere && o.ParentID != q.Parent || q.Anywhere && !under(o.ParentID, q.Parent) {
			continue
		}
		if word != "" && !strings.Contains(o.words, word) {
			continue
		}
		found = append(found, o)
	}
	return found, names, nil
}
