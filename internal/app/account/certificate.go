package account

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/erasure"
	"nubitalk/internal/store"
)

// Ending is the end of an organisation, as who is above it and its last
// administrators see it.
type Ending struct {
	BeganAt   time.Time `json:"began_at,omitzero"`
	EndsAt    time.Time `json:"ends_at,omitzero" doc:"Until then it may be called off."`
	EndedAt   time.Time `json:"ended_at,omitzero" doc:"Its keys were destroyed."`
	Own       bool      `json:"own" doc:"The organisation began its end itself, and may call it off."`
	AskedBy   string    `json:"asked_by,omitempty" doc:"The user who asked for the end; another one has to agree. Only for the organisation itself."`
	AskedName string    `json:"asked_name,omitempty" doc:"Its user name, while it has one."`
	AskedAt   time.Time `json:"asked_at,omitzero"`
	AskedDays int       `json:"asked_days,omitempty" doc:"Of grace, as it was asked for."`
	Agrees    bool      `json:"agrees" doc:"Another administrator or privacy officer has to agree before the organisation begins its own end. Only for the organisation itself."`
	// GuardedUntil is agreement.guarded.
	GuardedUntil time.Time         `json:"guarded_until,omitzero" doc:"Somebody who may agree was locked or deleted, or lost the role or the password. Until then two of those who could before have to agree, also where nobody else is there now. Only for the organisation itself."`
	Code         bool              `json:"code" doc:"Its administrators made a code by which they get the certificate."`
	Certificate  *erasure.Document `json:"certificate,omitempty" doc:"There once everything has been removed."`
}

// EndCode is by what the certificate is got, without an account.
type EndCode struct {
	Organisation id.Tenant `json:"organisation"`
	Code         string    `json:"code" doc:"Shown this once; whoever has it gets the certificate, and nothing else."`
}

// stays is what is kept of an organisation that ended.
var stays = []string{
	"that it existed: its id, name, kind, language, time zone, limits, and when it was made and ended (organisations)",
	"when it ended and by whose word, and this certificate (organisation_ends)",
	"what it used on each day, in amounts of no person, for two years, to account for it (usage_days, usage_months)",
	"entries about it in the audit logs of the organisations above it, without content, as long as those keep them",
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// certify makes the certificate, signed with the operator's key: the
// organisation's own has gone.
func (s *Service) certify(ctx context.Context, row store.OrganisationRow, kind string) error {
	signer, err := s.operator(ctx)
	if err != nil {
		return err
	}
	key, err := s.Vault.SigningKey(ctx, signer)
	if err != nil {
		return err
	}
	e, err := s.endOf(ctx, row.ID)
	if err != nil {
		return err
	}
	facts, err := factsOf(e)
	if err != nil {
		return err
	}
	c := erasure.Certificate{Organisation: string(row.ID), Name: row.Name, Kind: row.Kind, BegunBy: erasure.By{Organisation: e.HomeID, User: e.UserID}, BegunAt: e.BeganAt.UTC(), EndedAt: e.EndedAt.UTC(),
		MadeAt: s.now().UTC(), Erased: facts, Stays: stays, Look: 1}
	if kind == JobSweep {
		c.Look = 2
	}
	text, err := c.Text()
	if err != nil {
		return err
	}
	signature, err := s.Vault.Sign(ctx, signer, []byte(text))
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, row.ID, func(tx *store.Tx) error {
		e, err := tx.End()
		if err != nil {
			return err
		}
		e.Certificate, e.Signature, e.PublicKey = text, signature, key
		return tx.PutEnd(e)
	})
}

// CertificateKey is what anybody checks certificates with.
func (s *Service) CertificateKey(ctx context.Context) (ed25519.PublicKey, error) {
	signer, err := s.operator(ctx)
	if err != nil {
		return nil, err
	}
	return s.Vault.SigningKey(ctx, signer)
}

func endingView(e store.EndRow) Ending {
	out := Ending{BeganAt: e.BeganAt, EndsAt: e.EndsAt, EndedAt: e.EndedAt, Code: len(e.CodeHash) > 0, Own: e.HomeID != "" && id.Kind(e.HomeID) == id.TenantKind}
	if e.Certificate != "" {
		out.Certificate = &erasure.Document{Certificate: e.Certificate, Signature: e.Signature, PublicKey: e.PublicKey}
	}
	return out
}

// EndOf is the end of an organisation that is anywhere below the actor's own.
func (s *Service) EndOf(ctx context.Context, a access.Actor, org id.Tenant) (Ending, error) {
	if err := mayBelow(a, access.OrgRead); err != nil {
		return Ending{}, err
	}
	var row store.OrganisationRow
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) { row, err = anywhereBelow(tx, a, org); return err })
	if err != nil {
		return Ending{}, err
	}
	return s.endView(ctx, row)
}

// OwnEnd is the end of the actor's own organisation, which may not have been begun.
func (s *Service) OwnEnd(ctx context.Context, a access.Actor) (Ending, error) {
	if err := may(a, access.OrgExport); err != nil {
		return Ending{}, err
	}
	row, err := s.ownOrganisation(ctx, a.Tenant)
	if err != nil {
		return Ending{}, err
	}
	v, err := s.endView(ctx, row)
	if err != nil || !row.EndsAt.IsZero() {
		return v, err
	}
	err = s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		g, err := s.agreeing(tx, a)
		if err != nil {
			return err
		}
		v.Agrees, v.GuardedUntil = !g.alone(), g.guarded
		e, err := tx.End()
		if errs.Is(err, errs.NotFound) {
			return nil
		}
		if err != nil || !s.pending(e) {
			return err
		}
		v.AskedBy, v.AskedAt, v.AskedDays = e.AskedBy, e.AskedAt, e.AskedDays
		if u, err := tx.User(e.AskedBy); err == nil && u.Status != string(Deleted) {
			v.AskedName = u.UserName
		}
		return nil
	})
	return v, err
}

func (s *Service) endView(ctx context.Context, row store.OrganisationRow) (Ending, error) {
	if row.EndsAt.IsZero() {
		return Ending{}, nil // not begun, or called off
	}
	e, err := s.endOf(ctx, row.ID)
	return endingView(e), err
}

// NewEndCode makes the code by which the certificate is got when there are no
// accounts any more. It takes the place of one that was made before.
func (s *Service) NewEndCode(ctx context.Context, a access.Actor) (EndCode, error) {
	if err := may(a, access.OrgExport); err != nil {
		return EndCode{}, err
	}
	code := rand.Text()
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		org, err := tx.Organisation()
		if err != nil {
			return err
		}
		if !ending(org) {
			return errs.New(errs.Conflict, "The end of this organisation was not begun.")
		}
		e, err := tx.End()
		if err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(code))
		e.CodeHash = sum[:]
		if err := tx.PutEnd(e); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "organisation.end_code", "organisation", string(org.ID), nil)
	})
	return EndCode{Organisation: a.Tenant, Code: code}, err
}

// CertificateBy is the end of the organisation whose last administrators made the
// code. Whether the organisation or the code is wrong cannot be told.
func (s *Service) CertificateBy(ctx context.Context, org id.Tenant, code secret.Text) (Ending, error) {
	none := errs.New(errs.NotFound, "There is no certificate for this code.")
	if !validTenant(string(org)) {
		return Ending{}, none
	}
	e, err := s.endOf(ctx, org)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return Ending{}, err
	}
	sum := sha256.Sum256([]byte(code.Reveal()))
	if subtle.ConstantTimeCompare(sum[:], e.CodeHash) != 1 {
		return Ending{}, none
	}
	row, err := s.ownOrganisation(ctx, org)
	if err == nil && row.EndsAt.IsZero() { // called off since
		err = none
	}
	if err != nil {
		return Ending{}, err
	}
	return endingView(e), nil
}
