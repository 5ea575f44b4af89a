package recording

import (
	"context"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

const (
	actionShared   = "recording.shared"
	actionUnshared = "recording.share_ended"
)

// mostShared is how many of a user's shares are listed.
const mostShared = 200

// Share lets a user hear a recording for a while, although it is not the user's
// business otherwise.
type Share struct {
	ID          string    `json:"id"`
	Recording   string    `json:"recording"`
	Interaction string    `json:"interaction"`
	User        string    `json:"user"`
	Reason      string    `json:"reason" enum:"quality,training,complaint,dispute,legal,other"`
	SharedBy    string    `json:"shared_by"`
	SharedAt    time.Time `json:"shared_at"`
	EndsAt      time.Time `json:"ends_at"`
	Kind        string    `json:"kind,omitempty" enum:"voice,screen,message" doc:"Of the recording, in the list of what is shared with me."`
	StartedAt   time.Time `json:"started_at,omitzero" doc:"Of the recording, likewise."`
	LengthMS    int64     `json:"length_ms,omitempty" doc:"Of the recording, likewise."`
}

// NewShare says with whom a recording is to be shared, why, and for how long.
type NewShare struct {
	Users  []string
	Reason string
	Days   int
}

// Share shares a recording with users; one that it was shared with already keeps
// the new reason and time. It answers all with whom it is shared.
func (l *Listeners) Share(ctx context.Context, a access.Actor, recording string, in NewShare) ([]Share, error) {
	row, err := l.sharing(ctx, a, recording)
	if err != nil {
		return nil, err
	}
	s := l.Recordings
	now := s.Clock.Now().UTC().Truncate(time.Microsecond)
	ends := now.Add(time.Duration(in.Days) * 24 * time.Hour)
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		var faults errs.Fields
		for i, user := range in.Users {
			at := "users[" + strconv.Itoa(i) + "]"
			who, err := tx.User(user)
			if errs.Is(err, errs.NotFound) || err == nil && who.Status != "active" {
				faults.Add(at, "is no user of this organisation.")
				continue
			}
			if err != nil {
				return err
			}
			if access.Reach(who.Actor(a.Tenant), access.RecListen) == access.None {
				faults.Add(at, "has no role that listens to recordings.")
				continue
			}
			share := store.RecordingShareRow{ID: s.IDs.New(id.RecordingShare), RecordingID: recording, InteractionID: row.InteractionID, UserID: user, Reason: in.Reason, SharedBy: a.User, SharedAt: now, EndsAt: ends}
			if err := tx.PutRecordingShare(share); err != nil {
				return err
			}
			if err := l.Audit.Record(tx, a, actionShared, "recording", recording, map[string]string{"user": user, "reason": in.Reason, "days": strconv.Itoa(in.Days)}); err != nil {
				return err
			}
		}
		return faults.Err()
	})
	if err != nil {
		return nil, err
	}
	return l.Shares(ctx, a, recording)
}

// Shares are those with whom a recording is shared now.
func (l *Listeners) Shares(ctx context.Context, a access.Actor, recording string) ([]Share, error) {
	if _, err := l.sharing(ctx, a, recording); err != nil {
		return nil, err
	}
	var rows []store.RecordingShareRow
	err := l.Recordings.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		rows, err = tx.RecordingShares(recording, l.Recordings.Clock.Now())
		return err
	})
	return shares(rows), err
}

// Unshare ends a share at once: also what is being heard by it.
func (l *Listeners) Unshare(ctx context.Context, a access.Actor, recording, share string) error {
	if _, err := l.sharing(ctx, a, recording); err != nil {
		return err
	}
	return l.Recordings.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := tx.DeleteRecordingShare(recording, share); err != nil {
			return err
		}
		return l.Audit.Record(tx, a, actionUnshared, "recording", recording, map[string]string{"share": share})
	})
}

// SharedWith is what is shared with the actor now, the newest first.
func (l *Listeners) SharedWith(ctx context.Context, a access.Actor) ([]Share, error) {
	var all []Share
	err := l.Recordings.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		rows, err := tx.RecordingSharesWith(a.User, l.Recordings.Clock.Now(), mostShared)
		if err != nil {
			return err
		}
		all = shares(rows)
		for i := range all {
			rec, err := tx.Recording(all[i].Recording)
			if err != nil {
				return err
			}
			all[i].Kind, all[i].StartedAt, all[i].LengthMS = rec.Kind, rec.StartedAt, rec.LengthMS
		}
		return nil
	})
	return all, err
}

func shares(rows []store.RecordingShareRow) []Share {
	all := make([]Share, 0, len(rows))
	for _, r := range rows {
		all = append(all, Share{ID: r.ID, Recording: r.RecordingID, Interaction: r.InteractionID, User: r.UserID, Reason: r.Reason, SharedBy: r.SharedBy, SharedAt: r.SharedAt, EndsAt: r.EndsAt})
	}
	return all
}

// sharing finds a recording that the actor may share.
func (l *Listeners) sharing(ctx context.Context, a access.Actor, recording string) (row store.RecordingRow, err error) {
	if access.Reach(a, access.RecShare) < access.SomeOf {
		return row, errs.New(errs.Forbidden, "You may not share recordings.")
	}
	err = l.Recordings.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		row, err = tx.Recording(recording)
		return err
	})
	if err == nil && access.Reach(a, access.RecShare) == access.SomeOf {
		if err = l.May(ctx, a, access.RecShare, row.InteractionID); errs.Is(err, errs.NotFound) {
			err = errs.New(errs.NotFound, "This recording does not exist.")
		}
	}
	return row, err
}

// shared says whether a recording is shared with the actor now.
func (l *Listeners) shared(ctx context.Context, a access.Actor, recording string) (share store.RecordingShareRow, ok bool, err error) {
	err = l.Recordings.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		share, err = tx.RecordingShare(recording, a.User)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return share, false, nil
	}
	return share, err == nil && share.EndsAt.After(l.Recordings.Clock.Now()), err
}
