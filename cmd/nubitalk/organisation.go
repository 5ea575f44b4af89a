package main

import (
	"encoding/base64"
	"fmt"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/app/export"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/server/command"
)

// organisationCommand is about what an organisation took out of the house.
type organisationCommand struct {
	Verify verifyOrganisation `cmd:"" help:"Check an exported archive of an organisation's records or files, without a server, its audit log included."`
}

// verifyOrganisation checks an archive.
type verifyOrganisation struct{ archive }

// Run checks and prints. Anything wrong makes the command fail.
func (v *verifyOrganisation) Run(c command.Console) error {
	files, key, closes, err := v.open()
	if err != nil {
		return err
	}
	defer closes()
	found, err := export.Check(files, key)
	if err != nil {
		return err
	}
	m := found.Manifest
	fmt.Fprintf(c.Out, "%s (%s), export %s, volume %d of %d (%s), read from %s until %s\n", m.Organisation, m.Name, m.Export, m.Volume, m.Volumes, m.Kind, m.ReadFrom, m.ReadUntil)
	for _, t := range m.Tables {
		fmt.Fprintf(c.Out, "  %-24s %d\n", t.Table, t.Rows)
	}
	for _, f := range m.Missing {
		fmt.Fprintf(c.Out, "  %s was not there as it was exported (%s)\n", f.File, f.Why)
	}
	if m.Kind == export.Records {
		log, err := files.Open(export.AuditFile)
		if err != nil {
			return errs.Wrap(errs.Invalid, err, "There is no audit log in this archive.")
		}
		defer log.Close()
		said, err := audit.VerifyExport(log)
		if err := saidOf(c, said, err); err != nil {
			found.Wrong = append(found.Wrong, err.Error())
		}
	}
	for _, w := range found.Wrong {
		fmt.Fprintln(c.Out, w)
	}
	if len(found.Wrong) > 0 {
		return errs.New(errs.Conflict, "The archive is not as it was exported.")
	}
	if key == nil {
		fmt.Fprintf(c.Out, "It is as it was signed with %s, as it says itself: compare that with the organisation's key, or give it with --key.\n", base64.StdEncoding.EncodeToString(m.PublicKey))
		return nil
	}
	fmt.Fprintln(c.Out, "It is as the organisation signed it.")
	return nil
}
