package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/erasure"
	"nubitalk/internal/server/command"
)

// certificateCommand is about certificates of erasure.
type certificateCommand struct {
	Verify verifyCertificate `cmd:"" help:"Check the certificate of an organisation's erasure, without a server, and print what it says."`
}

// verifyCertificate checks a certificate.
type verifyCertificate struct {
	Path string `arg:"" type:"path" help:"The certificate's file (JSON)."`
	Key  string `placeholder:"KEY" help:"The operator's public key (GET /api/v1/certificates/key), which it tells by a way that you trust."`
}

// Run checks and prints. Anything wrong makes the command fail.
func (v *verifyCertificate) Run(c command.Console) error {
	key, err := publicKey(v.Key)
	if err != nil {
		return err
	}
	file, err := os.ReadFile(v.Path)
	if err != nil {
		return errs.Wrap(errs.NotFound, err, "There is no such file.")
	}
	said, document, err := erasure.Check(file, key)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	line := func(what string, value any) { fmt.Fprintf(w, "%s\t%v\n", what, value) }
	line("organisation", said.Organisation+" ("+said.Name+")")
	line("begun", fmt.Sprint(said.BegunAt, " by ", said.BegunBy.User, " of ", said.BegunBy.Organisation))
	line("keys destroyed", said.EndedAt)
	line("all removed", said.MadeAt)
	for _, purpose := range slices.Sorted(maps.Keys(said.Keys)) {
		line("key "+purpose, fmt.Sprint(said.Keys[purpose], " versions"))
	}
	line("contacts' keys", said.ContactKeys)
	line("audit log", fmt.Sprint(said.AuditEntries, " entries, the last with hash ", said.AuditHead))
	for _, table := range slices.Sorted(maps.Keys(said.Rows)) {
		line("rows of "+table, said.Rows[table])
	}
	line("files", said.Files)
	for _, kept := range said.Stays {
		line("stays", kept)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if key == nil {
		fmt.Fprintf(c.Out, "It is as it was signed with %s, as it says itself: compare that with the operator's key, or give it with --key.\n", base64.StdEncoding.EncodeToString(document.PublicKey))
		return nil
	}
	fmt.Fprintln(c.Out, "It is as the operator signed it.")
	return nil
}

// publicKey reads a key as it is given by hand; none is none.
func publicKey(text string) (ed25519.PublicKey, error) {
	if text == "" {
		return nil, nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, errs.New(errs.Invalid, "The key is none: it is 32 octets in base64.")
	}
	return b, nil
}
