package audit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/store"
)

// line is an entry as an export of the organisation tells it (app/export).
type line struct {
	Seq        int64     `json:"seq"`
	At         time.Time `json:"at"`
	ActorKind  string    `json:"actor_kind"`
	ActorID    string    `json:"actor_id"`
	Action     string    `json:"action"`
	ObjectKind string    `json:"object_kind"`
	ObjectID   string    `json:"object_id"`
	Detail     string    `json:"detail"`
	PrevHash   string    `json:"prev_hash"`
	Hash       string    `json:"hash"`
}

// VerifyExport walks over a log as it was exported: one entry a line. That its end is
// not missing, nobody but the organisation's own log can say: compare the last entry's
// number and hash.
func VerifyExport(in io.Reader) (v Verification, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	var last store.AuditRow
	trimmed := int64(0)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return v, errs.Wrap(errs.Invalid, err, "Line %d of the audit log cannot be read.", v.Entries+1)
		}
		r := l.row()
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
	if err := lines.Err(); err != nil {
		return v, errs.Wrap(errs.Invalid, err, "The audit log cannot be read.")
	}
	v.Head = last.Hash
	if v.Fault == "" && v.First > trimmed+1 {
		v.Fault = fmt.Sprintf("The log begins at entry %d, but retention removed only up to %d.", v.First, trimmed)
	}
	return v, nil
}
