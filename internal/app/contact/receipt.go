package contact

import (
	"context"
	"encoding/json"
	"strconv"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Receipt answers what an erasure removed and what stays, from the audit log;
// NotFound when there was none.
func (s *Service) Receipt(ctx context.Context, a access.Actor, contact string) (out Receipt, err error) {
	if !access.May(a, access.ContactErase, access.Thing{Tenant: a.Tenant}) {
		return Receipt{}, errs.New(errs.Forbidden, "Only a privacy officer sees what was erased.")
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		out = Receipt{Contact: contact}
		gone, err := entry(tx, contact, actionErased)
		if err != nil {
			return err
		}
		begun, err := entry(tx, contact, actionBegun)
		if err != nil {
			return err
		}
		out.ErasedAt = gone.At
		n := detail(gone)
		n["addresses"] += detail(begun)["addresses"] // they went at the beginning
		for _, c := range counted {
			out.Erased = append(out.Erased, ErasedCount{c.what, n[c.key]})
		}
		entries, err := countEntries(tx, contact)
		if err != nil {
			return err
		}
		out.Kept = []KeptCount{
			{"entries of the audit log", entries, "They show who handled the data and that it was erased. They hold ids and times only, and go when the tenant's rule on the audit log ends."},
			{"backups made before", 0, "They are not changed, but what they hold of this person was sealed under the key that is destroyed: nobody can open it."},
		}
		return nil
	})
	return out, err
}

func entry(tx *store.Tx, contact, action string) (store.AuditRow, error) {
	rows, err := tx.Audit(store.AuditFilter{ObjectID: contact, Action: action, Limit: 1})
	if err == nil && len(rows) == 0 {
		err = errs.New(errs.NotFound, "This contact does not exist.")
	}
	if err != nil {
		return store.AuditRow{}, err
	}
	return rows[0], nil
}

func detail(r store.AuditRow) map[string]int64 {
	var texts map[string]string
	n := map[string]int64{}
	if json.Unmarshal([]byte(r.Detail), &texts) != nil {
		return n // a receipt without counts is still a receipt
	}
	for k, v := range texts {
		n[k], _ = strconv.ParseInt(v, 10, 64)
	}
	return n
}

func countEntries(tx *store.Tx, contact string) (n int64, err error) {
	f := store.AuditFilter{ObjectID: contact, Limit: 500}
	for {
		rows, err := tx.Audit(f)
		if err != nil {
			return n, err
		}
		n += int64(len(rows))
		if len(rows) < f.Limit {
			return n, nil
		}
		f.Before = rows[len(rows)-1].Seq
	}
}
