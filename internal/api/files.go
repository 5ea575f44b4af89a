package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
)

// maxUpload is the whole form: the largest file and its surroundings.
const maxUpload = chat.MaxFile + 64<<10

// uploadMemory bounds the bytes that files being received may take together.
const uploadMemory = 256 << 20

// uploads keeps that bound, and lets each caller send one file at a time, so
// that nobody can hold all of the room.
type uploads struct {
	mu   sync.Mutex
	left int64
	busy map[string]bool
}

func newUploads() *uploads { return &uploads{left: uploadMemory, busy: map[string]bool{}} }

// begin takes room for one file of a caller.
func (u *uploads) begin(who string, size int64) (end func(), err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.busy[who]:
		return nil, &errs.Error{Code: errs.Limited, Text: "One file at a time, please.", RetryAfter: 2 * time.Second}
	case u.left < size:
		return nil, &errs.Error{Code: errs.Unavailable, Text: "Too many files are being sent at this moment. Please try again in a few seconds.", RetryAfter: 5 * time.Second}
	}
	u.left -= size
	u.busy[who] = true
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.left += size
		delete(u.busy, who)
	}, nil
}

// How many files are made at once, for all and for one organisation: each takes
// memory while it is read and opened, for as long as somebody takes it.
const (
	mostDownloads         = 32
	mostDownloadsOfTenant = 8
)

// downloads keeps these bounds.
type downloads struct {
	mu  sync.Mutex
	all int
	of  map[id.Tenant]int
}

func newDownloads() *downloads { return &downloads{of: map[id.Tenant]int{}} }

// room says why an organisation can fetch no file now; nil if it can.
func (d *downloads) room(t id.Tenant) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.full(t)
}

func (d *downloads) full(t id.Tenant) error {
	switch {
	case d.of[t] >= mostDownloadsOfTenant:
		return &errs.Error{Code: errs.Limited, Text: "Your organisation is fetching many files already. Wait until one of them is there.", RetryAfter: 10 * time.Second}
	case d.all >= mostDownloads:
		return &errs.Error{Code: errs.Unavailable, Text: "Too many files are being fetched at this moment. Please try again in a few seconds.", RetryAfter: 5 * time.Second}
	}
	return nil
}

// begin takes the place of one file.
func (d *downloads) begin(t id.Tenant) (end func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.full(t); err != nil {
		return nil, err
	}
	d.all++
	d.of[t]++
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.all--
		if d.of[t]--; d.of[t] == 0 {
			delete(d.of, t)
		}
	}, nil
}

// receive reads a form with `client_id` and `file` and gives it to fn. The file
// stays in memory: its plain bytes never touch the disk (privacy.md, rule 2).
func (s *Server) receive(ctx context.Context, r *http.Request, fn func(Upload) (chat.Message, error)) (*reply[chat.Message], error) {
	c := callerOf(ctx)
	size := r.ContentLength
	if size < 0 || size > maxUpload {
		size = maxUpload
	}
	end, err := s.uploads.begin(string(c.Tenant)+c.User+c.visitor.Interaction, size)
	if err != nil {
		return nil, err
	}
	defer end()
	f, octets, err := readForm(r)
	if err != nil {
		return nil, err
	}
	found, err := s.lookInto(ctx, octets)
	if err != nil {
		return nil, err
	}
	if found != "" {
		return nil, errs.Bad("file", "holds something harmful, so it is not taken")
	}
	return answer(fn(f))
}

// FileScanner is blob/scan: it looks into files for what is harmful.
type FileScanner interface {
	// Scan gives the name of what is harmful in a file, "" for nothing. An error says that
	// nobody looked into it.
	Scan(ctx context.Context, file []byte) (found string, err error)
}

// lookInto says what is harmful in a file. Where the scanner gives no answer the file is
// refused for the moment, unless the operator lets such through.
func (s *Server) lookInto(ctx context.Context, octets []byte) (found string, err error) {
	if s.Scanner == nil {
		return "", nil
	}
	found, err = s.Scanner.Scan(ctx, octets)
	switch {
	case err != nil && s.config.AllowUnscanned:
		s.log.Warn("a file was let through that no scanner looked into", "tenant", callerOf(ctx).Tenant, "error", err)
		return "", nil
	case err != nil:
		return "", &errs.Error{Code: errs.Unavailable, Text: "Files cannot be checked for viruses at this moment. Please try again in a few minutes.", Cause: err, RetryAfter: 30 * time.Second}
	case found != "":
		s.log.Warn("a harmful file was refused", "tenant", callerOf(ctx).Tenant, "found", found)
	}
	return found, nil
}

func readForm(r *http.Request) (u Upload, octets []byte, err error) {
	form, err := r.MultipartReader()
	if err != nil {
		return u, nil, errs.New(errs.Unsupported, "Send the file as multipart/form-data.")
	}
	for range 8 { // a form has two parts; a few more are passed over
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return u, nil, unreadable(err)
		}
		switch part.FormName() {
		case "client_id":
			b, err := io.ReadAll(io.LimitReader(part, 65))
			if err != nil {
				return u, nil, unreadable(err)
			}
			u.ClientID = string(b)
		case "file":
			b, err := io.ReadAll(io.LimitReader(part, chat.MaxFile+1))
			if err != nil {
				return u, nil, unreadable(err)
			}
			if len(b) > chat.MaxFile {
				return u, nil, errs.New(errs.TooLarge, "The file is larger than %d MB.", chat.MaxFile>>20)
			}
			u.Name, u.MediaType = secret.New(part.FileName()), part.Header.Get("Content-Type")
			u.Size, u.Body, octets = int64(len(b)), bytes.NewReader(b), b
		}
	}
	return u, octets, checkUpload(u)
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

// file answers with a file in headers that keep a browser from running it. It is looked
// into each time: what came before its harm was known is not given out after.
func (s *Server) file(ctx context.Context, a chat.Attachment, b secret.Bytes, err error) (*fileOutput, error) {
	if err != nil {
		return nil, err
	}
	found, err := s.lookInto(ctx, b.Reveal())
	if err != nil {
		return nil, err
	}
	if found != "" {
		return nil, errs.New(errs.Conflict, "This file holds something harmful, so it is not given out.")
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

// streamOutput sends a file of any size as it is made.
type streamOutput struct{ Body http.HandlerFunc }

// stream sends what write writes. A failure before the first byte is answered
// as any other; one after it breaks the connection off, so that nobody takes
// half a file for a whole one.
func (s *Server) stream(ctx context.Context, name, kind string, write func(io.Writer) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		end, err := s.downloads.begin(callerOf(ctx).Tenant)
		if err != nil {
			writeProblem(w, r, s.fault(ctx, err))
			return
		}
		defer end()
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Time{}) // the request is here; what ends its time would end the answer's
		_ = control.SetWriteDeadline(time.Now().Add(fileTime))
		out := &lateWriter{w: w, start: func() {
			for header, value := range map[string]string{"Content-Type": kind, "Content-Disposition": mime.FormatMediaType("attachment", map[string]string{"filename": name}),
				"Cache-Control": "private, no-store", "Content-Security-Policy": "default-src 'none'; sandbox"} {
				w.Header().Set(header, value)
			}
		}}
		err = write(out)
		switch {
		case err == nil && !out.started:
			out.start()
			w.WriteHeader(http.StatusOK)
		case err != nil && !out.started:
			writeProblem(w, r, s.fault(ctx, err))
		case err != nil:
			_ = s.fault(ctx, err)
			panic(http.ErrAbortHandler)
		}
	}
}

// lateWriter decides on headers when the first byte comes.
type lateWriter struct {
	w       http.ResponseWriter
	start   func()
	started bool
	heard   time.Time // when its time was last made longer
}

func (l *lateWriter) Write(b []byte) (int, error) {
	if !l.started && len(b) > 0 {
		l.started = true
		l.start()
	}
	if now := time.Now(); now.Sub(l.heard) > writeTime/2 { // who takes nothing any more is let go
		l.heard = now
		_ = http.NewResponseController(l.w).SetWriteDeadline(now.Add(fileTime))
	}
	return l.w.Write(b)
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
