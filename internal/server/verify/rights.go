package verify

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

func consentRecorded(ctx context.Context, w *world) (string, error) {
	c, err := w.talked()
	if err != nil {
		return "", err
	}
	officer, err := w.user(ctx, ours, "privacy_officer")
	if err != nil {
		return "", err
	}
	var view struct {
		Consents []struct {
			Purpose string `json:"purpose"`
			Text    string `json:"consent_text"`
			Version int64  `json:"text_version"`
			Given   string `json:"given_at"`
		} `json:"consents"`
	}
	if err := officer.Do(ctx, "GET", "contacts/"+c.contact, nil, &view); err != nil {
		return "", err
	}
	if len(view.Consents) == 0 || view.Consents[0].Text == "" || view.Consents[0].Version == 0 || view.Consents[0].Given == "" {
		return "", errors.New("the contact's record has no consent with text, version and time")
	}
	admin, err := w.user(ctx, ours, "administrator")
	if err != nil {
		return "", err
	}
	var versions struct {
		Items []struct {
			Version int64 `json:"version"`
		} `json:"items"`
	}
	if err := admin.Do(ctx, "GET", "consent-texts/"+view.Consents[0].Text+"/versions", nil, &versions); err != nil {
		return "", err
	}
	for _, v := range versions.Items {
		if v.Version == view.Consents[0].Version {
			return fmt.Sprintf("purpose %s, text version %d, with its time; the words of that version are kept", view.Consents[0].Purpose, v.Version), nil
		}
	}
	return "", errors.New("the words of the version that was agreed to are not kept")
}

func exported(ctx context.Context, w *world) (string, error) {
	c, err := w.talked()
	if err != nil {
		return "", err
	}
	officer, err := w.user(ctx, ours, "privacy_officer")
	if err != nil {
		return "", err
	}
	var raw []byte
	if err := officer.Do(ctx, "GET", "contacts/"+c.contact+"/export", nil, &raw); err != nil {
		return "", err
	}
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return "", fmt.Errorf("the answer is not an archive: %w", err)
	}
	var all bytes.Buffer
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			return "", err
		}
		_, err = io.Copy(&all, r)
		_ = r.Close()
		if err != nil {
			return "", err
		}
		all.WriteString("\n" + f.Name + "\n")
	}
	for _, name := range []string{"display name", "email address", "message of the visitor", "answer of the agent", "file content", "custom field"} {
		if !bytes.Contains(all.Bytes(), []byte(w.value(name))) {
			return "", fmt.Errorf("the archive lacks the %s", name)
		}
	}
	return fmt.Sprintf("one archive of %d files with name, address, consent, conversation and attachments", len(archive.File)), nil
}

func rectified(ctx context.Context, w *world) (string, error) {
	c, err := w.talked()
	if err != nil {
		return "", err
	}
	officer, err := w.user(ctx, ours, "privacy_officer")
	if err != nil {
		return "", err
	}
	var view struct {
		Name    string `json:"name"`
		Version int64  `json:"version"`
	}
	path := "contacts/" + c.contact
	if err := officer.Do(ctx, "GET", path, nil, &view); err != nil {
		return "", err
	}
	corrected := w.value("display name") + " corrected"
	if err := officer.Do(ctx, "PATCH", path, map[string]any{"version": view.Version, "name": corrected}, nil); err != nil {
		return "", err
	}
	if err := expect(officer.Do(ctx, "PATCH", path, map[string]any{"version": view.Version, "name": "lost update"}, nil), 409); err != nil {
		return "", fmt.Errorf("a change of what somebody else changed meanwhile: %w", err)
	}
	if err := officer.Do(ctx, "GET", path, nil, &view); err != nil {
		return "", err
	}
	if view.Name != corrected {
		return "", errors.New("the correction is not in force")
	}
	return "the name was corrected; a change made on an old copy was refused", nil
}

// erased ends the conversation, erases its person, and looks everywhere.
func erased(ctx context.Context, w *world) (string, error) {
	c, err := w.talked()
	if err != nil {
		return "", err
	}
	if err := c.agent.Do(ctx, "POST", "interactions/"+c.interaction+"/finish", nil, nil); err != nil {
		return "", fmt.Errorf("ending the contact: %w", err)
	}
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := c.agent.Do(ctx, "GET", "dispositions", nil, &list); err != nil {
		return "", err
	}
	done := map[string]any{"labels": []string{}}
	if len(list.Items) > 0 {
		done["disposition"] = list.Items[0].ID
	}
	if err := complete(ctx, c.agent, "interactions/"+c.interaction, done); err != nil {
		return "", fmt.Errorf("closing: %w", err)
	}
	officer, err := w.user(ctx, ours, "privacy_officer")
	if err != nil {
		return "", err
	}
	var receipt struct {
		Erased []struct {
			What  string `json:"what"`
			Count int64  `json:"count"`
		} `json:"erased"`
	}
	if err := officer.Do(ctx, "POST", "contacts/"+c.contact+"/erase", nil, &receipt); err != nil {
		return "", err
	}
	if len(receipt.Erased) == 0 {
		return "", errors.New("the receipt is empty")
	}
	if err := expect(officer.Do(ctx, "GET", "contacts/"+c.contact, nil, nil), 404, 410); err != nil {
		return "", fmt.Errorf("the contact: %w", err)
	}
	if err := expect(officer.Do(ctx, "GET", "interactions/"+c.interaction+"/messages", nil, nil), 404, 410); err != nil {
		return "", fmt.Errorf("the conversation: %w", err)
	}
	if _, err := c.visitor.Conversation(ctx, 0); expect(err, 401, 404, 410) != nil {
		return "", fmt.Errorf("the visitor's own token: %w", expect(err, 401, 404, 410))
	}
	files, _, finds, err := w.scan(ctx)
	if err != nil {
		return "", err
	}
	if len(finds) > 0 {
		return "", fmt.Errorf("found after the erasure: %v", finds)
	}
	return fmt.Sprintf("the receipt lists %d kinds of things; contact, conversation and token are gone, and none of %d files holds a value of the person", len(receipt.Erased), files), nil
}
