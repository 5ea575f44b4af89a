package main

import (
	"archive/zip"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"

	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/server/command"
)

// recordingCommand is about recordings that left the house.
type recordingCommand struct {
	Verify verifyRecordings `cmd:"" help:"Check an exported archive of recordings, without a server: that it is as it was recorded."`
}

// verifyRecordings checks an archive.
type verifyRecordings struct{ archive }

// archive is one that left the house, and by which key it is checked.
type archive struct {
	Path string `arg:"" type:"path" help:"The archive (ZIP), or the folder into which it was unpacked. One that is sealed is opened with age first."`
	Key  string `placeholder:"KEY" help:"The organisation's public key (GET /api/v1/recordings/key), which it tells by a way that you trust."`
}

// open gives its files until closes is called.
func (a archive) open() (files fs.FS, key ed25519.PublicKey, closes func(), err error) {
	if key, err = publicKey(a.Key); err != nil {
		return nil, nil, nil, err
	}
	files, closes, err = openArchive(a.Path)
	return files, key, closes, err
}

// Run checks and prints what is wrong. Anything that is makes the command fail.
func (v *verifyRecordings) Run(c command.Console) error {
	files, key, closes, err := v.open()
	if err != nil {
		return err
	}
	defer closes()
	found, err := recording.CheckArchive(files, key)
	if err != nil {
		return err
	}
	for _, w := range found.Wrong {
		fmt.Fprintln(c.Out, w)
	}
	for _, r := range found.Recordings {
		switch {
		case len(r.Wrong) > 0:
			fmt.Fprintf(c.Out, "%s is not as it was recorded:\n", r.ID)
		case r.Open:
			fmt.Fprintf(c.Out, "%s is as it was recorded, but has no end: it was being made as it was exported, or its end was cut off.\n", r.ID)
		default:
			fmt.Fprintf(c.Out, "%s is as it was recorded.\n", r.ID)
		}
		for _, w := range r.Wrong {
			fmt.Fprintln(c.Out, "  -", w)
		}
		if r.Uncompared {
			fmt.Fprintln(c.Out, "  Its Opus files were made by another version of this program, so they were not compared with its segments; what is said above is of these.")
		}
		if key == nil && len(r.Key) > 0 {
			fmt.Fprintf(c.Out, "  signed with %s, as it says itself: compare that with the organisation's key, or give it with --key.\n", base64.StdEncoding.EncodeToString(r.Key))
		}
	}
	if !found.Whole() {
		return errs.New(errs.Conflict, "The archive is not as it was recorded.")
	}
	return nil
}

// openArchive opens a ZIP file or a folder.
func openArchive(path string) (files fs.FS, closes func(), err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, errs.Wrap(errs.NotFound, err, "There is no such archive.")
	}
	if info.IsDir() {
		return os.DirFS(path), func() {}, nil
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, nil, errs.Wrap(errs.Invalid, err, "This file is no whole ZIP file. If it is sealed (recordings.zip.age), open it first: age -d -i key.txt -o recordings.zip recordings.zip.age")
	}
	return z, func() { _ = z.Close() }, nil
}
