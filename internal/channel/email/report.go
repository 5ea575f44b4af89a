package email

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// What a mail server reports of an answer.
const (
	delayed     = "delayed"     // it is still tried
	undelivered = "undelivered" // it is not tried any more
)

// EventChanged is the live event of an email whose answers changed.
const EventChanged = "email.changed"

// Delivery is what a mail server reported of an answer that was sent.
type Delivery struct {
	Kind   string    `json:"kind,omitempty" enum:"forward,new" doc:"Of what was sent, as in sends; absent: an answer."`
	State  string    `json:"state" enum:"delayed,undelivered" doc:"delayed: it is still tried; undelivered: it came back."`
	Reason string    `json:"reason" enum:"no_address,no_domain,moved,disabled,full,too_large,refused,unreachable,expired,other" doc:"Why, from the status: no_address: nobody has the address; disabled: it takes no mail; refused: the recipient's server does not want it, for security or content; expired: it was tried for too long."`
	Status string    `json:"status,omitempty" doc:"The code as the server gave it (RFC 3463), such as 5.1.1."`
	At     time.Time `json:"at"`
	// Addresses are remembered in memory alone.
	Addresses []string `json:"addresses,omitempty" doc:"Whom it did not reach; only while the program remembers, since they are not stored."`
}

// delivery is what was reported of an answer; nil if nothing was.
func delivery(row store.EmailSendRow) *Delivery {
	if row.Delivery == "" {
		return nil
	}
	return &Delivery{Kind: row.Kind, State: row.Delivery, Reason: reasonOf(row.DeliveryStatus), Status: row.DeliveryStatus, At: row.ReportedAt}
}

// reasonOf is a status code in a word (RFC 3463, 3; RFC 7505, RFC 6710).
func reasonOf(status string) string {
	_, detail, _ := strings.Cut(status, ".")
	switch detail {
	case "1.1", "1.3", "1.0":
		return "no_address"
	case "1.2", "1.10", "4.4":
		return "no_domain"
	case "1.6", "2.4":
		return "moved"
	case "2.1":
		return "disabled"
	case "2.2", "3.1":
		return "full"
	case "2.3", "3.4":
		return "too_large"
	case "4.7":
		return "expired"
	}
	switch subject, _, _ := strings.Cut(detail, "."); subject {
	case "4":
		return "unreachable"
	case "7", "6":
		return "refused"
	}
	return "other"
}

// answerDigest is by what a report finds an answer: a digest of its id without the
// domain.
func (s *Service) answerDigest(ctx context.Context, t id.Tenant, local string) ([]byte, error) {
	return s.Vault.Digest(ctx, t, "email_sends.message", []byte(local))
}

// returned is what a message says of an answer of ours.
type returned struct {
	told bool               // it is no work: whom it concerns knows, or nobody is concerned
	row  store.EmailSendRow // else, of work that it becomes: the answer that came back, with who sent it
}

// returned takes a delivery report (RFC 3464) to the answer that it is about, which is
// known by its id alone, which is signed. While its interaction is open, it is told
// there. When that is closed, what could not be delivered is work for who sent it. What
// else is reported is no work; a report about nothing of ours is mail as any other.
func (f *followed) returned(ctx context.Context, identity []byte, m *message.Message) (returned, error) {
	if m.Report == nil {
		return returned{}, nil
	}
	threads, err := f.s.threads(ctx, f.tenant)
	if err != nil {
		return returned{}, err
	}
	local, interaction := threads.Reported(m)
	if local == "" {
		return returned{}, nil
	}
	digest, err := f.s.answerDigest(ctx, f.tenant, local)
	if err != nil {
		return returned{}, err
	}
	worst, bad := m.Report.Worst()
	out, told, agent := returned{told: true}, store.EmailSendRow{}, ""
	err = f.s.DB.Write(ctx, f.tenant, func(tx *store.Tx) error {
		out, told, agent = returned{told: true}, store.EmailSendRow{}, "" // it may be run again
		row, err := tx.EmailSent(digest)
		if errs.Is(err, errs.NotFound) { // no agent's: an acknowledgement, or of what was erased
			return nil
		}
		if err != nil || !bad || bytes.Equal(row.Report, identity) {
			return err
		}
		if row.Delivery == undelivered && worst.Action != "failed" { // for another recipient, or late
			return nil
		}
		before := row
		row.Delivery, row.DeliveryStatus, row.ReportedAt, row.Report = delayed, worst.Status, f.s.Clock.Now(), identity
		if worst.Action == "failed" {
			row.Delivery = undelivered
		}
		i, err := tx.Interaction(interaction)
		if err != nil {
			return err
		}
		if i.State == "closed" && row.Delivery == undelivered {
			out = returned{row: row}            // stored with the work
			if before.Delivery == undelivered { // another recipient's: work as well, and the first stays what was told
				out.row = before
			}
			return nil
		}
		told, agent = row, i.AgentID
		return tx.ReportEmailSend(row)
	})
	if err != nil || told.InteractionID == "" {
		return out, err
	}
	f.s.held.returned(f.tenant, interaction, told.ClientID, m.Report.Reached(worst.Action))
	if over, err := f.s.over(ctx, f.tenant, interaction); over || err != nil { // it ended meanwhile
		f.s.held.forget(f.tenant, interaction)
	}
	if agent != "" {
		f.s.tellAgent(f.tenant, interaction, agent)
	}
	return out, nil
}

// tellAgent has the agent's desk look at an email again.
func (s *Service) tellAgent(t id.Tenant, interaction, agent string) {
	data, err := json.Marshal(map[string]string{"interaction": interaction})
	if err == nil && s.Bus != nil {
		err = s.Bus.Publish(bus.Event{Tenant: t, Kind: EventChanged, Users: []string{agent}, Interaction: interaction, Data: data})
	}
	if err != nil {
		s.Log.Warn("an agent could not be told of a delivery report", "tenant", t, "interaction", interaction, "error", err)
	}
}

// putAway marks a message at the provider that is no work, as one that was handled. If
// that fails it stays there unread, which harms nobody.
func (f *followed) putAway(ctx context.Context, b box, at place) {
	err := b.Mark(ctx, at.uid, false)
	if err == nil && f.After == setup.MailMove && f.MoveTo != at.folder {
		err = b.Move(ctx, at.uid, f.MoveTo)
	}
	if err != nil {
		f.s.Log.Warn("a delivery report could not be marked at the provider", "tenant", f.tenant, "mailbox", f.id, "error", errs.As(err).Code)
	}
}

// returnedBy is what a message reports that is work since an answer came back.
func (s *Service) returnedBy(tx *store.Tx, row store.EmailRow) (*Delivery, error) {
	if row.Answers == "" || row.Automatic != message.OfDelivery {
		return nil, nil
	}
	sends, err := tx.EmailSends(row.Answers)
	for _, one := range sends {
		if bytes.Equal(one.Report, row.Identity) {
			return delivery(one), err
		}
	}
	return nil, err
}
