package audit

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
)

// Trimmed is the action of the entry that says up to which entry retention has
// removed the beginning of the log ("up_to").
const Trimmed = "audit.trimmed"

// Verification is what checking a tenant's whole chain gave.
type Verification struct {
	Entries int64  // that are there
	First   int64  // number of the oldest; 0 if there is none
	Last    int64  // number of the newest
	Head    []byte // hash of the newest: written down elsewhere, it proves all before it
	Fault   string // what is wrong, in plain words; "" if the chain is whole
}

// Whole says that nothing was changed, removed or inserted.
func (v Verification) Whole() bool { return v.Fault == "" }

// Verify walks over the tenant's whole log.
func (l *Log) Verify(ctx context.Context, t id.Tenant) (Verification, error) {
	var v Verification
	err := l.db.Read(ctx, t, func(tx *store.Tx) (err error) {
		v, err = verify(tx)
		return err
	})
	return v, err
}

func verify(tx *store.Tx) (v Verification, err error) {
	const page = 1000
	var last store.AuditRow
	trimmed := int64(0)
	for {
		rows, err := tx.AuditAfter(v.Last, page)
		if err != nil {
			return v, err
		}
		for _, r := range rows {
			if v.Entries == 0 {
				v.First = r.Seq
			}
			if fault := follows(last, r, v.Entries == 0); fault != "" && v.Fault == "" {
				v.Fault = fault
			}
			if r.Action == Trimmed {
				upTo, _ := strconv.ParseInt(view(r).Detail["up_to"], 10, 64)
				trimmed = max(trimmed, upTo)
			}
			v.Entries++
			v.Last, last = r.Seq, r
		}
		if len(rows) < page {
			break
		}
	}
	v.Head = last.Hash
	seq, head, err := tx.AuditHead()
	switch {
	case err != nil:
		return v, err
	case v.Fault != "":
	case seq != v.Last || !bytes.Equal(head, last.Hash):
		v.Fault = fmt.Sprintf("The log ends at entry %d, but %d were written.", v.Last, seq)
	case v.First > trimmed+1:
		v.Fault = fmt.Sprintf("The log begins at entry %d, but retention removed only up to %d.", v.First, trimmed)
	}
	return v, nil
}

func follows(last, r store.AuditRow, first bool) string {
	switch {
	case !first && r.Seq != last.Seq+1:
		return fmt.Sprintf("Entry %d is missing.", last.Seq+1)
	case !first && !bytes.Equal(r.PrevHash, last.Hash):
		return fmt.Sprintf("Entry %d does not follow entry %d as it is now.", r.Seq, last.Seq)
	case first && r.Seq == 1 && len(r.PrevHash) != 0:
		return "Entry 1 does not begin the chain."
	case !bytes.Equal(r.Hash, hash(r)):
		return fmt.Sprintf("Entry %d was changed.", r.Seq)
	}
	return ""
}

// Trim removes entries older than a time, with the alerts about them, and notes
// it in the log itself. It answers how many entries.
func (l *Log) Trim(tx *store.Tx, before time.Time) (int64, error) {
	if _, err := tx.DeleteSecurityAlerts(before); err != nil {
		return 0, err
	}
	n, err := tx.DeleteAudit(before)
	if err != nil || n == 0 {
		return n, err
	}
	upTo := int64(0)
	kept, err := tx.AuditAfter(0, 1)
	if err != nil {
		return n, err
	}
	if len(kept) > 0 {
		upTo = kept[0].Seq - 1
	} else if upTo, _, err = tx.AuditHead(); err != nil {
		return n, err
	}
	return n, l.append(tx, BySystem, "", Trimmed, "audit", "", map[string]string{"entries": strconv.FormatInt(n, 10), "up_to": strconv.FormatInt(upTo, 10)})
}
