package store

import (
	"time"

	"nubitalk/internal/base/errs"
)

// Erased counts the rows that an erasure removed, for its receipt.
type Erased struct {
	Contacts, Addresses, Consents, Interactions, Segments, Offers, Legs, Chats, Messages, Tokens, Attachments, Recordings, RecordingEntries, Evaluations, Fields int64
}

// DeleteConversation removes what was said in a closed interaction, its files'
// rows, its recordings, what evaluations say of it, marks and search tokens, its display name and its flow's
// memory; the record (times, queue, agent, labels) stays. Delete what Blobs names
// before, and Scrub afterwards.
func (tx *Tx) DeleteConversation(interactionID string, now time.Time) (Erased, error) {
	e, err := tx.eraseContent(ofInteraction, interactionID)
	if err != nil {
		return e, err
	}
	n, err := tx.exec(`UPDATE interactions SET erased_at = $3, name_sealed = $4, flow_sealed = $4, reach_sealed = $4, version = version + 1 WHERE tenant_id = $1 AND interaction_id = $2`,
		string(tx.scope.Tenant), interactionID, us(now), []byte{})
	return e, must("interaction", n, err)
}

// DeleteInteraction removes an interaction and all that belongs to it; the
// contact and its consents stay.
func (tx *Tx) DeleteInteraction(interactionID string) (Erased, error) {
	e, err := tx.eraseWork(ofInteraction, interactionID)
	if err == nil && e.Interactions == 0 {
		err = errs.New(errs.NotFound, "This interaction does not exist.")
	}
	return e, err
}

// DeleteContact removes a contact with its addresses, consents, interactions and
// all that belongs to those.
func (tx *Tx) DeleteContact(contactID string) (Erased, error) {
	e, err := tx.eraseWork(ofContact, contactID)
	if err != nil {
		return e, err
	}
	var holds, fields, lists, campaigns int64 // holds: none, but that the contact's key is gone already
	err = tx.erase(contactID, []erasure{
		{&campaigns, `DELETE FROM campaign_contacts WHERE tenant_id = $1 AND contact_id = $2`},
		{&lists, `DELETE FROM list_contacts WHERE tenant_id = $1 AND contact_id = $2`},
		{&holds, `DELETE FROM recording_holds WHERE tenant_id = $1 AND contact_id = $2`},
		{&fields, `DELETE FROM field_values WHERE tenant_id = $1 AND entity = 'contact' AND object_id = $2`},
		{&e.Addresses, `DELETE FROM contact_addresses WHERE tenant_id = $1 AND contact_id = $2`},
		{&e.Consents, `DELETE FROM consents WHERE tenant_id = $1 AND contact_id = $2`},
		{&e.Contacts, `DELETE FROM contacts WHERE tenant_id = $1 AND contact_id = $2`},
	})
	e.Fields += fields
	if err == nil && e.Contacts == 0 {
		err = errs.New(errs.NotFound, "This contact does not exist.")
	}
	return e, err
}

// Which interactions an erasure is for.
const (
	ofInteraction = `interaction_id = $2`
	ofContact     = `interaction_id IN (SELECT i.interaction_id FROM interactions i WHERE i.tenant_id = $1 AND i.contact_id = $2)`
)

// ofInteractions are the values of custom fields that the interactions of an erasure
// have.
const ofInteractions = `entity = 'interaction' AND object_id IN (SELECT interaction_id FROM interactions WHERE tenant_id = $1 AND `

type erasure struct {
	count *int64
	sql   string
}

func (tx *Tx) eraseContent(which, key string) (e Erased, err error) {
	if e.Tokens, err = tx.eraseTokens(which, key); err != nil {
		return e, err
	}
	var states, shares, voicemails, words, support int64
	err = tx.erase(key, []erasure{
		{&e.Fields, `DELETE FROM field_values WHERE tenant_id = $1 AND plain = '' AND ` + ofInteractions + which + `)`}, // the sealed ones
		{&words, `UPDATE evaluations SET words_sealed = substr(words_sealed, 1, 0), version = version + 1 WHERE tenant_id = $1 AND ` + which},
		{&shares, `DELETE FROM recording_shares WHERE tenant_id = $1 AND ` + which},
		{&support, `UPDATE support_grants SET interaction_id = '', version = version + 1 WHERE tenant_id = $1 AND ` + which},
		{&voicemails, `DELETE FROM voicemails WHERE tenant_id = $1 AND ` + which},
		{&states, `DELETE FROM recording_states WHERE tenant_id = $1 AND ` + which},
		{&e.Messages, `DELETE FROM messages WHERE tenant_id = $1 AND ` + which},
		{&e.Attachments, `DELETE FROM attachments WHERE tenant_id = $1 AND ` + which},
		{&e.RecordingEntries, `DELETE FROM recording_entries WHERE tenant_id = $1 AND ` + which},
		{&e.Recordings, `DELETE FROM recordings WHERE tenant_id = $1 AND ` + which},
		{&e.Chats, `DELETE FROM chats WHERE tenant_id = $1 AND ` + which},
	})
	return e, err
}

// eraseTokens takes the conversations' words out of the search index, and says
// how many different ones there were.
func (tx *Tx) eraseTokens(which, key string) (n int64, err error) {
	sets, err := tx.tokenSets(`SELECT interaction_id, tokens FROM messages WHERE tenant_id = $1 AND tokens <> $3 AND `+which, string(tx.scope.Tenant), key, []byte{})
	if err != nil {
		return 0, err
	}
	for interaction, tokens := range sets {
		if err := tx.unindex(interaction, tokens); err != nil {
			return n, err
		}
		n += int64(len(tokens))
	}
	return n, nil
}

func (tx *Tx) eraseWork(which, key string) (Erased, error) {
	e, err := tx.eraseContent(which, key)
	if err != nil {
		return e, err
	}
	var calibrations, emails, sends, acknowledged, fields, campaigns int64
	err = tx.erase(key, []erasure{
		{&campaigns, `UPDATE campaign_contacts SET interaction_id = '', version = version + 1 WHERE tenant_id = $1 AND ` + which},
		{&fields, `DELETE FROM field_values WHERE tenant_id = $1 AND ` + ofInteractions + which + `)`},
		{&e.Evaluations, `DELETE FROM evaluations WHERE tenant_id = $1 AND ` + which},
		{&calibrations, `DELETE FROM calibrations WHERE tenant_id = $1 AND ` + which},
		{&acknowledged, `DELETE FROM email_acknowledgements WHERE tenant_id = $1 AND ` + which},
		{&sends, `DELETE FROM email_sends WHERE tenant_id = $1 AND ` + which},
		{&emails, `DELETE FROM emails WHERE tenant_id = $1 AND ` + which},
		{&e.Offers, `DELETE FROM offers WHERE tenant_id = $1 AND ` + which},
		{&e.Segments, `DELETE FROM segments WHERE tenant_id = $1 AND ` + which},
		{&e.Legs, `DELETE FROM call_legs WHERE tenant_id = $1 AND ` + which},
		{&e.Interactions, `DELETE FROM interactions WHERE tenant_id = $1 AND ` + which},
	})
	e.Fields += fields
	return e, err
}

func (tx *Tx) erase(key string, steps []erasure) error {
	for _, s := range steps {
		n, err := tx.exec(s.sql, string(tx.scope.Tenant), key)
		if err != nil {
			return err
		}
		*s.count = n
	}
	return nil
}
