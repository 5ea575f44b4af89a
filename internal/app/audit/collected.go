package audit

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
)

// Collected is what checking the entries of one organisation gave that a collector kept.
type Collected struct {
	Organisation id.Tenant
	Repeated     int64 // entries that came more than once
	Verification
}

// VerifyCollected walks over what a collector wrote down of the audit logs that were sent
// to it (Sender), in the order in which it came: one message a line, with whatever the
// collector puts before its text. Lines of something else are passed over. An entry may
// have come again; it must be the same then. Where a log begins is not judged: a collector
// may have thrown the beginning away. That its end is not missing, only the organisation's
// own log can say.
func VerifyCollected(in io.Reader) ([]Collected, error) {
	type chain struct {
		Collected
		last store.AuditRow
		seen map[int64][]byte
	}
	chains := map[id.Tenant]*chain{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		at := bytes.Index(lines.Bytes(), []byte(`{"organisation":"`))
		var l sentLine
		if at < 0 || json.NewDecoder(bytes.NewReader(lines.Bytes()[at:])).Decode(&l) != nil || l.Organisation == "" || l.Seq == 0 {
			continue
		}
		c := chains[l.Organisation]
		if c == nil {
			c = &chain{Collected: Collected{Organisation: l.Organisation}, seen: map[int64][]byte{}}
			chains[l.Organisation] = c
		}
		r := l.row()
		fault := ""
		if before, again := c.seen[r.Seq]; again {
			c.Repeated++
			if !bytes.Equal(before, r.Hash) || !bytes.Equal(r.Hash, hash(r)) {
				fault = fmt.Sprintf("Entry %d was changed: it is there twice, and differs.", r.Seq)
			}
		} else {
			if c.Entries == 0 {
				c.First = r.Seq
			}
			fault = follows(c.last, r, c.Entries == 0)
			c.Entries++
			c.Last, c.Head, c.last = r.Seq, r.Hash, r
			c.seen[r.Seq] = r.Hash
		}
		if c.Fault == "" {
			c.Fault = fault
		}
	}
	if err := lines.Err(); err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "What the collector wrote down cannot be read.")
	}
	out := make([]Collected, 0, len(chains))
	for _, c := range chains {
		out = append(out, c.Collected)
	}
	slices.SortFunc(out, func(a, b Collected) int { return strings.Compare(string(a.Organisation), string(b.Organisation)) })
	return out, nil
}

// row is the entry as it was stored.
func (l line) row() store.AuditRow {
	r := store.AuditRow{Seq: l.Seq, At: l.At, ActorKind: l.ActorKind, ActorID: l.ActorID, Action: l.Action, ObjectKind: l.ObjectKind, ObjectID: l.ObjectID, Detail: l.Detail}
	r.PrevHash, _ = hex.DecodeString(l.PrevHash) // what cannot be read follows nothing
	r.Hash, _ = hex.DecodeString(l.Hash)
	return r
}
