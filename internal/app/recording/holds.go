package recording

import (
	"cmp"
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/store"
)

const (
	actionHeld     = "recording.hold_placed"
	actionReleased = "recording.hold_ended"
)

// Hold keeps recordings from being destroyed, whatever their time and whoever
// wishes it, until somebody ends it.
type Hold struct {
	ID             string          `json:"id"`
	Contact        string          `json:"contact"`
	Interaction    string          `json:"interaction,omitempty"`
	Recording      string          `json:"recording,omitempty" doc:"Absent: all of the contact's recordings, also those to come."`
	Reason         form.HoldReason `json:"reason" enum:"claim,investigation,authority,duty,other"`
	Reference      string          `json:"reference,omitempty" doc:"The number of the case, in the organisation's words."`
	SetBy          string          `json:"set_by"`
	SetAt          time.Time       `json:"set_at"`
	ErasureAskedAt time.Time       `json:"erasure_asked_at,omitzero" doc:"When an erasure of the contact was refused because of it: it is to be done when the hold has ended."`
}

// NewHold is a hold that is to be placed: on a recording, or on all of a
// contact's.
type NewHold struct {
	Recording string
	Contact   string
	Reason    form.HoldReason
	Reference secret.Text
}

// Holds places legal holds and ends them. It is safe for use by several
// goroutines.
type Holds struct {
	Recordings *Service
	Audit      Auditor
	// Erasing says whether a contact is being erased.
	Erasing func(tx *store.Tx, contact string) (bool, error)
}

func referenceAt(hold string) string { return "recording_holds.reference/" + hold }

// Place places a hold, or answers errs.Conflict where there is the same one, and
// where what it is for is being removed.
func (h *Holds) Place(ctx context.Context, a access.Actor, in NewHold) (Hold, error) {
	if err := holding(a, access.RecHold); err != nil {
		return Hold{}, err
	}
	if (in.Recording == "") == (in.Contact == "") {
		return Hold{}, errs.Bad("recording", "or contact must be given, and not both")
	}
	s := h.Recordings
	row := store.RecordingHoldRow{ID: s.IDs.New(id.RecordingHold), ContactID: in.Contact, RecordingID: in.Recording, Reason: string(in.Reason), SetBy: a.User,
		SetAt: s.Clock.Now().UTC().Truncate(time.Microsecond)}
	if !in.Reference.Empty() {
		var err error
		if row.ReferenceSealed, err = s.Vault.SealTenant(ctx, a.Tenant, referenceAt(row.ID), []byte(in.Reference.Reveal())); err != nil {
			return Hold{}, err
		}
	}
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := h.lock(tx, &row); err != nil {
			return err
		}
		has, err := tx.RecordingHoldsOf(row.ContactID)
		if err != nil {
			return err
		}
		for _, o := range has {
			if o.RecordingID == row.RecordingID {
				return errs.New(errs.Conflict, "There is a legal hold on this already.")
			}
		}
		if err := tx.InsertRecordingHold(row); err != nil {
			return err
		}
		kind, object := "contact", row.ContactID
		if row.RecordingID != "" {
			kind, object = "recording", row.RecordingID
		}
		return h.Audit.Record(tx, a, actionHeld, kind, object, map[string]string{"hold": row.ID, "reason": row.Reason})
	})
	if err != nil {
		return Hold{}, err
	}
	return h.shown(ctx, a.Tenant, row)
}

// lock finds what a hold is for, and has everybody wait who would remove it.
func (h *Holds) lock(tx *store.Tx, row *store.RecordingHoldRow) error {
	now := h.Recordings.Clock.Now()
	if row.RecordingID != "" {
		rec, err := tx.Recording(row.RecordingID)
		if err != nil {
			return err
		}
		work, err := tx.Interaction(rec.InteractionID)
		if err != nil {
			return err
		}
		row.InteractionID, row.ContactID = work.ID, work.ContactID
	}
	person, err := tx.Contact(row.ContactID)
	if err != nil {
		return err
	}
	if err := tx.UpdateContact(person); err != nil { // an erasure that begins meanwhile conflicts
		return err
	}
	if gone, err := h.Erasing(tx, row.ContactID); err != nil || gone {
		return cmp.Or[error](err, errs.New(errs.Conflict, "This person is being erased."))
	}
	if row.RecordingID == "" {
		return nil
	}
	if err := tx.LockRecordings(row.InteractionID); err != nil {
		return err
	}
	rec, err := tx.Recording(row.RecordingID)
	if err == nil && !rec.KeepUntil.IsZero() && !rec.KeepUntil.After(now) {
		err = errs.New(errs.Conflict, "The time of this recording is over; it is being removed.")
	}
	return err
}

// End ends a hold: what it kept goes by its rules again, the next time that
// retention looks.
func (h *Holds) End(ctx context.Context, a access.Actor, hold string) error {
	if err := holding(a, access.RecRelease); err != nil {
		return err
	}
	return h.Recordings.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := tx.RecordingHold(hold)
		if err != nil {
			return err
		}
		if err := tx.DeleteRecordingHold(hold); err != nil {
			return err
		}
		kind, object := "contact", row.ContactID
		if row.RecordingID != "" {
			kind, object = "recording", row.RecordingID
		}
		return h.Audit.Record(tx, a, actionReleased, kind, object, map[string]string{"hold": row.ID, "reason": row.Reason})
	})
}

// List are all holds, the newest first, or those on a contact's recordings.
func (h *Holds) List(ctx context.Context, a access.Actor, contact string) ([]Hold, error) {
	if err := holding(a, access.RecHold); err != nil {
		return nil, err
	}
	var rows []store.RecordingHoldRow
	err := h.Recordings.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if contact != "" {
			rows, err = tx.RecordingHoldsOf(contact)
			return err
		}
		rows, err = tx.RecordingHolds()
		return err
	})
	all := make([]Hold, 0, len(rows))
	for _, row := range rows {
		one, err := h.shown(ctx, a.Tenant, row)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, err
}

func (h *Holds) shown(ctx context.Context, t id.Tenant, row store.RecordingHoldRow) (Hold, error) {
	out := Hold{ID: row.ID, Contact: row.ContactID, Interaction: row.InteractionID, Recording: row.RecordingID, Reason: form.HoldReason(row.Reason), SetBy: row.SetBy, SetAt: row.SetAt,
		ErasureAskedAt: row.ErasureAskedAt}
	if len(row.ReferenceSealed) == 0 {
		return out, nil
	}
	plain, err := h.Recordings.Vault.OpenTenant(ctx, t, referenceAt(row.ID), row.ReferenceSealed)
	out.Reference = string(plain.Reveal())
	return out, err
}

func holding(a access.Actor, p access.Permission) error {
	if access.Reach(a, p) != access.Tenant {
		return errs.New(errs.Forbidden, "You may not do this with legal holds.")
	}
	return nil
}

// heldOf says which of some recordings of an interaction are on hold.
func heldOf(tx *store.Tx, interaction string, rows []store.RecordingRow) (map[string]bool, error) {
	on := map[string]bool{}
	if len(rows) == 0 {
		return on, nil
	}
	work, err := tx.Interaction(interaction)
	if err != nil {
		return on, err
	}
	holds, err := tx.RecordingHoldsOf(work.ContactID)
	for _, h := range holds {
		for _, r := range rows {
			hold := form.Hold{Contact: h.ContactID, Interaction: h.InteractionID, Recording: h.RecordingID}
			on[r.ID] = on[r.ID] || hold.Holds(r.ID)
		}
	}
	return on, err
}
