package main

import (
	"encoding/hex"
	"fmt"
	"os"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/app/export"
	"nubitalk/internal/base/errs"
)

// auditCommand is about audit logs that left the house.
type auditCommand struct {
	Verify verifyAudit `cmd:"" help:"Check the audit log of an organisation's export, without a server: that no entry was changed, removed or put in."`
}

// verifyAudit checks a log.
type verifyAudit struct {
	Path string `arg:"" type:"path" help:"The log (audit.ndjson), or the export's archive of records (ZIP), or the folder into which that was unpacked."`
}

// Run checks and prints. Anything wrong makes the command fail.
func (v *verifyAudit) Run(c console) error {
	info, err := os.Stat(v.Path)
	if err != nil {
		return errs.Wrap(errs.NotFound, err, "There is no such file.")
	}
	if !info.IsDir() && !isArchive(v.Path) {
		file, err := os.Open(v.Path)
		if err != nil {
			return errs.Wrap(errs.NotFound, err, "There is no such file.")
		}
		defer file.Close()
		found, err := audit.VerifyExport(file)
		return c.saidOf(found, err)
	}
	files, closes, err := openArchive(v.Path)
	if err != nil {
		return err
	}
	defer closes()
	file, err := files.Open(export.AuditFile)
	if err != nil {
		return errs.Wrap(errs.Invalid, err, "There is no audit log in this archive. It is in the first volume of an export.")
	}
	defer file.Close()
	found, err := audit.VerifyExport(file)
	return c.saidOf(found, err)
}

// isArchive says whether a file begins as ZIP files do.
func isArchive(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	begin := make([]byte, 2)
	_, err = file.Read(begin)
	return err == nil && string(begin) == "PK"
}

// saidOf prints what a check of a log found.
func (c console) saidOf(v audit.Verification, err error) error {
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "audit log: %d entries, %d to %d, the last with hash %s\n", v.Entries, v.First, v.Last, hex.EncodeToString(v.Head))
	if !v.Whole() {
		fmt.Fprintln(c.out, v.Fault)
		return errs.New(errs.Conflict, "The audit log is not as it was written.")
	}
	return nil
}
