package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strconv"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

// repeatable keeps what a changing call answered, so that the same
// Idempotency-Key answers the same again.
func (s *Server) repeatable(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		if key == "" {
			h(w, r)
			return
		}
		if err := s.repeat(w, r, key, h); err != nil {
			writeProblem(w, r, s.fault(r.Context(), err))
		}
	}
}

func (s *Server) repeat(w http.ResponseWriter, r *http.Request, key string, h http.HandlerFunc) error {
	if len(key) > 128 || plainText("header.Idempotency-Key", key) != nil {
		return errs.Bad("header.Idempotency-Key", "must have at most 128 characters")
	}
	body, err := io.ReadAll(r.Body)
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return errs.New(errs.TooLarge, "The request is larger than %d kB.", big.Limit>>10)
	}
	if err != nil {
		return errs.Wrap(errs.Invalid, err, "The request could not be read to its end. Please send it again.")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	a := callerOf(r.Context()).Actor
	kept, err := s.Replies.Begin(r.Context(), a, key, requestHash(r, body), s.clock.Now())
	if err != nil {
		return err
	}
	if kept != nil {
		writeReply(w, *kept)
		return nil
	}
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	finished := false
	// The reply must be kept even if the caller has gone.
	ctx := context.WithoutCancel(r.Context())
	defer func() {
		if !finished { // a panic: nothing is known of what was done
			_ = s.Replies.Drop(ctx, a, key)
		}
	}()
	h(rec, r)
	finished = true
	return s.keep(ctx, rec, func(reply Reply) error {
		if reply.Status >= 500 || reply.Status == http.StatusTooManyRequests || reply.Status == http.StatusUnauthorized {
			return s.Replies.Drop(ctx, a, key) // trying again may help
		}
		return s.Replies.Keep(ctx, a, key, reply)
	})
}

// keep stores a reply; the caller has its answer whatever comes of it.
func (s *Server) keep(ctx context.Context, rec *recorder, store func(Reply) error) error {
	reply := Reply{Status: rec.status, ContentType: rec.Header().Get("Content-Type"), Language: rec.Header().Get("Content-Language"), Body: secret.NewBytes(rec.body.Bytes())}
	if err := store(reply); err != nil {
		s.log.WarnContext(ctx, "a reply could not be kept", "request", callerOf(ctx).id, "cause", errs.As(err).Error())
	}
	return nil
}

// requestHash tells two requests apart: method, address, query and body.
func requestHash(r *http.Request, body []byte) [32]byte {
	h := sha256.New()
	for _, part := range []string{r.Method, r.URL.Path, r.URL.RawQuery, string(body)} {
		_, _ = io.WriteString(h, strconv.Itoa(len(part))+":"+part)
	}
	return [32]byte(h.Sum(nil))
}

func writeReply(w http.ResponseWriter, r Reply) {
	if r.ContentType != "" {
		w.Header().Set("Content-Type", r.ContentType)
	}
	if r.Language != "" {
		w.Header().Set("Content-Language", r.Language)
	}
	w.Header().Set("Idempotent-Replay", "true")
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body.Reveal()) // the client may be gone
}

// recorder passes an answer on and remembers it.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *recorder) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

func (w *recorder) Write(b []byte) (int, error) {
	w.body.Write(b)
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
