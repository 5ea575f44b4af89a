package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// fieldOwners are what has custom fields, with the path of each and who fills them.
func (w *world) fieldOwners(ctx context.Context, c *conversation) (map[string]struct{ path, role string }, error) {
	admin, err := w.user(ctx, ours, "administrator")
	if err != nil {
		return nil, err
	}
	var me struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	var queues struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := admin.Do(ctx, "GET", "me", nil, &me); err != nil {
		return nil, err
	}
	if err := admin.Do(ctx, "GET", "queues", nil, &queues); err != nil {
		return nil, err
	}
	if len(queues.Items) == 0 {
		return nil, errors.New("there is no queue")
	}
	return map[string]struct{ path, role string }{
		"contact": {"contacts/" + c.contact, "privacy_officer"}, "user": {"users/" + me.User.ID, "administrator"},
		"interaction": {"interactions/" + c.interaction, "supervisor"}, "queue": {"queues/" + queues.Items[0].ID, "administrator"},
	}, nil
}

// fieldsTaken gives everything that can have one a field of the tenant's own, with a
// value that later checks look for in the clear.
func fieldsTaken(ctx context.Context, w *world) (string, error) {
	c, err := w.talked()
	if err != nil {
		return "", err
	}
	owners, err := w.fieldOwners(ctx, c)
	if err != nil {
		return "", err
	}
	admin, err := w.user(ctx, ours, "administrator")
	if err != nil {
		return "", err
	}
	for _, entity := range []string{"contact", "user", "interaction", "queue"} {
		of := owners[entity]
		u, err := w.user(ctx, ours, of.role)
		if err != nil {
			return "", err
		}
		words := func(s string) map[string]string { return map[string]string{"en": s, "pt": s} }
		key := "own_" + entity
		field := map[string]any{"entity": entity, "key": key, "label": words("Own"), "type": "text", "class": "content"}
		if err := admin.Do(ctx, "POST", "fields", field, nil); err != nil {
			return "", fmt.Errorf("a field of a %s: %w", entity, err)
		}
		field["key"], field["label"], field["required"] = "must_"+entity, words("Must"), true
		if err := admin.Do(ctx, "POST", "fields", field, nil); err != nil {
			return "", fmt.Errorf("a required field of a %s: %w", entity, err)
		}
		change := map[string]any{"changes": []any{map[string]any{"key": key, "value": w.value("custom field")}}}
		if err := u.Do(ctx, "PUT", of.path+"/fields", change, nil); err != nil {
			return "", fmt.Errorf("the field of a %s, beside one that is required and empty: %w", entity, err)
		}
		var raw []byte
		if err := u.Do(ctx, "GET", of.path+"/fields", nil, &raw); err != nil {
			return "", err
		}
		if want, _ := json.Marshal(w.value("custom field")); !bytes.Contains(raw, want) {
			return "", fmt.Errorf("what was put into the field of a %s is not in it", entity)
		}
	}
	return "a contact, a user, an interaction and a queue took a field of the tenant's own, with a value that only its readers get", nil
}

// fieldsNotNeeded does what people do every day, while required fields are empty.
func fieldsNotNeeded(ctx context.Context, w *world) (string, error) {
	c, err := w.talked()
	if err != nil {
		return "", err
	}
	admin, err := w.user(ctx, ours, "administrator")
	if err != nil {
		return "", err
	}
	if _, _, err := w.newUser(ctx, admin, ours, "fieldless-"+w.mark, []string{"agent"}, nil); err != nil {
		return "", fmt.Errorf("a user without values: %w", err)
	}
	if err := admin.Do(ctx, "POST", "queues", map[string]any{"name": "Fieldless " + w.mark}, nil); err != nil {
		return "", fmt.Errorf("a queue without values: %w", err)
	}
	if err := c.agent.Do(ctx, "PUT", "interactions/"+c.interaction+"/result", map[string]any{"disposition": "", "labels": []string{}}, nil); err != nil {
		return "", fmt.Errorf("the result of a conversation without values: %w", err)
	}
	return "a user and a queue are made, and a conversation goes on, while fields that are marked as required are empty", nil
}

// fieldsWarn has the product say what fields look like before anybody fills them, and
// what values look like.
func fieldsWarn(ctx context.Context, w *world) (string, error) {
	c, err := w.talked()
	if err != nil {
		return "", err
	}
	admin, err := w.user(ctx, ours, "administrator")
	if err != nil {
		return "", err
	}
	for label, look := range map[string]string{"Date of birth": "birth", "Religião": "religion", "Credit card": "card_number", "Order": ""} {
		var advice struct {
			Looks []struct {
				Look string `json:"look"`
			} `json:"looks"`
		}
		field := map[string]any{"entity": "contact", "key": "x", "label": map[string]string{"en": label}, "type": "text", "class": "none"}
		if err := admin.Do(ctx, "POST", "fields/advice", field, &advice); err != nil {
			return "", err
		}
		if look == "" && len(advice.Looks) != 0 || look != "" && (len(advice.Looks) == 0 || advice.Looks[0].Look != look) {
			return "", fmt.Errorf("a field named %q is taken for %v", label, advice.Looks)
		}
	}
	officer, err := w.user(ctx, ours, "privacy_officer")
	if err != nil {
		return "", err
	}
	card := map[string]any{"changes": []any{map[string]any{"key": "must_contact", "value": "4111 1111 1111 1111"}}}
	if err := expect(officer.Do(ctx, "PUT", "contacts/"+c.contact+"/fields", card, nil), 422); err != nil {
		return "", fmt.Errorf("a number of a payment card: %w", err)
	}
	return "who makes a field is told what it looks like, in English and Portuguese, and a value that looks like a card's number is refused", nil
}
