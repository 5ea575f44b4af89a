package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
)

// maxUpload is the whole form: the largest file and its surroundings.
const maxUpload = chat.MaxFile + 64<<10

// uploadsAtOnce bounds the memory that files being received may take.
const uploadsAtOnce = 8

// receive reads a form with `client_id` and `file`. The file stays in memory:
// its plain bytes never touch the disk (privacy.md, rule 2).
func (s *Server) receive(ctx context.Context, r *http.Request) (Upload, error) {
	var u Upload
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	case <-ctx.Done():
		return u, ctx.Err()
	}
	form, err := r.MultipartReader()
	if err != nil {
		return u, errs.New(errs.Unsupported, "Send the file as multipart/form-data.")
	}
	for range 8 { // a form has two parts; a few more are passed over
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return u, unreadable(err)
		}
		switch part.FormName() {
		case "client_id":
			b, err := io.ReadAll(io.LimitReader(part, 65))
			if err != nil {
				return u, unreadable(err)
			}
			u.ClientID = string(b)
		case "file":
			b, err := io.ReadAll(io.LimitReader(part, chat.MaxFile+1))
			if err != nil {
				return u, unreadable(err)
			}
			if len(b) > chat.MaxFile {
				return u, errs.New(errs.TooLarge, "The file is larger than %d MB.", chat.MaxFile>>20)
			}
			u.Name, u.MediaType = secret.New(part.FileName()), part.Header.Get("Content-Type")
			u.Size, u.Body = int64(len(b)), bytes.NewReader(b)
		}
	}
	return u, checkUpload(u)
}

func checkUpload(u Upload) error {
	var f errs.Fields
	if u.Body == nil || u.Size == 0 {
		f.Add("file", "must be there and not be empty")
	}
	if n := len(u.ClientID); n < 1 || n > 64 || strings.IndexByte(u.ClientID, 0) >= 0 {
		f.Add("client_id", "must have 1 to 64 characters")
	}
	if err := plainText("file", u.Name.Reveal()); err != nil || u.Name.Len() > 1024 {
		f.Add("file", "must have a name of at most 255 characters of valid text")
	}
	return f.Err()
}

func unreadable(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return errs.Wrap(errs.TooLarge, err, "The file is larger than %d MB.", chat.MaxFile>>20)
	}
	return errs.Wrap(errs.Invalid, err, "The form could not be read to its end. Please send it again.")
}

// shownTypes may be shown inside a page; all others are downloads.
var shownTypes = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true}

// file answers with a file in headers that keep a browser from running it.
func file(a chat.Attachment, b secret.Bytes, err error) (*fileOutput, error) {
	if err != nil {
		return nil, err
	}
	how, kind := "attachment", "application/octet-stream"
	if t, _, err := mime.ParseMediaType(a.MediaType); err == nil {
		kind = t
	}
	if shownTypes[kind] {
		how = "inline"
	}
	disposition := mime.FormatMediaType(how, map[string]string{"filename": a.Name})
	if disposition == "" {
		disposition = how
	}
	return &fileOutput{ContentType: kind, Disposition: disposition, CacheControl: "private, no-store",
		CSP: "default-src 'none'; sandbox", Body: b.Reveal()}, nil
}

func describeUpload(op *huma.Operation) {
	most := 64
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{"client_id", "file"}, Properties: map[string]*huma.Schema{
			"client_id": {Type: huma.TypeString, MaxLength: &most, Description: "The sender's own id; a repeat is the same message."},
			"file":      {Type: huma.TypeString, Format: "binary"},
		}}}}}
}

func describeFile(op *huma.Operation) {
	op.Responses["200"].Content = map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
}
