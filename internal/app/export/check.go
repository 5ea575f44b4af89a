package export

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"

	"nubitalk/internal/base/errs"
)

// Bounds of what is read of an archive that may be anybody's.
const mostManifest = 256 << 20

// AuditFile is where an archive of records has the audit log.
const AuditFile = "records/audit.ndjson"

// Checked is what a check of an archive found.
type Checked struct {
	Manifest Manifest
	Wrong    []string // what is not as it was written, in words
}

// Check reads an archive of records or attachments, or its unpacked folder, and says all
// that is not as it was written. key is the organisation's; without one the key that the
// archive brings is believed, which proves only that all of it was signed by one hand.
// What the audit log says of itself is checked by audit.VerifyExport.
func Check(files fs.FS, key ed25519.PublicKey) (Checked, error) {
	text, err := readWhole(files, "manifest.json")
	if err != nil {
		return Checked{}, errs.Wrap(errs.Invalid, err, "There is no whole archive of an organisation: its list of files (manifest.json) is missing or cannot be read.")
	}
	c := Checked{}
	if err := json.Unmarshal(text, &c.Manifest); err != nil || c.Manifest.Form != Form {
		return Checked{}, errs.New(errs.Unsupported, "This is no archive of an organisation of a form that this program knows.")
	}
	if key == nil {
		key = c.Manifest.PublicKey
	}
	signature, err := readWhole(files, "manifest.sig")
	if err != nil || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, text, signature) {
		c.Wrong = append(c.Wrong, "the signature is not by this key, or the list of files was changed")
	}
	rows := map[string]int64{}
	named := map[string]bool{"manifest.json": true, "manifest.sig": true}
	for _, f := range c.Manifest.Files {
		named[f.File] = true
		n, fault := checkFile(files, f)
		if fault != "" {
			c.Wrong = append(c.Wrong, fault)
		}
		rows[f.File] = n
	}
	for _, t := range c.Manifest.Tables {
		if !named[t.File] {
			c.Wrong = append(c.Wrong, t.File+": is not in the list of files")
		} else if rows[t.File] != t.Rows {
			c.Wrong = append(c.Wrong, fmt.Sprintf("%s: has %d records, and the list says %d", t.File, rows[t.File], t.Rows))
		}
	}
	err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !named[path] {
			c.Wrong = append(c.Wrong, path+": is not in the list of files")
		}
		return err
	})
	if err != nil {
		return c, errs.Wrap(errs.Invalid, err, "The archive could not be read.")
	}
	return c, nil
}

func readWhole(files fs.FS, name string) ([]byte, error) {
	file, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, mostManifest+1))
	if err == nil && len(b) > mostManifest {
		err = errs.New(errs.Invalid, "%s is too large.", name)
	}
	return b, err
}

// checkFile says how many lines a file has, and what is wrong with it; "" if nothing is.
func checkFile(files fs.FS, f File) (lines int64, fault string) {
	file, err := files.Open(f.File)
	if err != nil {
		return 0, f.File + ": is missing"
	}
	defer file.Close()
	sum, size := sha256.New(), int64(0)
	in := bufio.NewReaderSize(io.LimitReader(file, f.Size+1), 1<<16)
	for err == nil {
		var part []byte
		part, err = in.ReadSlice('\n')
		sum.Write(part)
		size += int64(len(part))
		if bytes.HasSuffix(part, []byte("\n")) {
			lines++
		}
		if err == bufio.ErrBufferFull {
			err = nil
		}
	}
	if err != io.EOF || size != f.Size || hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return lines, f.File + ": is not what the list of files says"
	}
	return lines, ""
}
