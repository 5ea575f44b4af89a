package main

import (
	"encoding/hex"
	"fmt"
	"os"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/app/export"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/server/command"
)

// auditCommand is about audit logs that left the house: by an export, or to a collector.
type auditCommand struct {
	Verify verifyAudit `cmd:"" help:"Check the audit log of an organisation's export, or those that a collector kept, without a server: that no entry was changed, removed or put in."`
}

// verifyAudit checks a log.
type verifyAudit struct {
	Path      string `arg:"" type:"path" help:"The log (audit.ndjson), or the export's archive of records (ZIP), or the folder into which that was unpacked; with --collected a file of the collector."`
	Collected bool   `help:"The file is what a collector of the log wrote down (log.audit): entries of any organisations, among other lines."`
}

// Run checks and prints. Anything wrong makes the command fail.
func (v *verifyAudit) Run(c command.Console) error {
	if v.Collected {
		return collected(c, v.Path)
	}
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
		return saidOf(c, found, err)
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
	return saidOf(c, found, err)
}

// collected checks and prints what a collector kept of each organisation.
func collected(c command.Console, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return errs.Wrap(errs.NotFound, err, "There is no such file.")
	}
	defer file.Close()
	all, err := audit.VerifyCollected(file)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errs.New(errs.Invalid, "There is no entry of an audit log in this file.")
	}
	whole := true
	for _, v := range all {
		fmt.Fprintf(c.Out, "%s: %d entries, %d to %d, the last with hash %s; %d came again\n", v.Organisation, v.Entries, v.First, v.Last, hex.EncodeToString(v.Head), v.Repeated)
		if !v.Whole() {
			fmt.Fprintln(c.Out, v.Fault)
			whole = false
		}
	}
	if !whole {
		return errs.New(errs.Conflict, "The audit log is not as it was written.")
	}
	return nil
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
func saidOf(c command.Console, v audit.Verification, err error) error {
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "audit log: %d entries, %d to %d, the last with hash %s\n", v.Entries, v.First, v.Last, hex.EncodeToString(v.Head))
	if !v.Whole() {
		fmt.Fprintln(c.Out, v.Fault)
		return errs.New(errs.Conflict, "The audit log is not as it was written.")
	}
	return nil
}
