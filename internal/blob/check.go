package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// checks is the word for the files of Check.
const checks = "checks"

// Step is one thing that Check did.
type Step struct {
	Name string
	Took time.Duration
}

// Check does with a file of its own all that the service does with files, and says
// how long each took. Its error names the step that failed, for an operator.
// Concerns are what works and should be known all the same.
func (s *Store) Check(ctx context.Context, ids *id.Source) (steps []Step, concerns []string, err error) {
	key := checks + "/" + ids.New(id.Node)
	content := make(secret.Sealed, 64<<10)
	_, _ = rand.Read(content) // never fails
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"write a file", func() error { return s.Create(ctx, key, content) }},
		{"refuse to write it twice", func() error { return unless(errs.Conflict, s.Create(ctx, key, content)) }},
		{"read it", func() error {
			got, err := s.Get(ctx, key)
			if err == nil && !bytes.Equal(got, content) {
				err = errs.New(errs.Internal, "What was read is not what was written.")
			}
			return err
		}},
		{"list it", func() error {
			for o, err := range s.List(ctx, key) {
				if err != nil || o.Key == key && o.Size == int64(len(content)) {
					return err
				}
			}
			return errs.New(errs.Internal, "A file that was written is not listed.")
		}},
		{"delete it", func() error { return s.Delete(ctx, key) }},
		{"see that it is gone", func() error { _, err := s.Get(ctx, key); return unless(errs.NotFound, err) }},
	} {
		began := time.Now()
		if err := step.do(); err != nil {
			return steps, nil, errs.Wrap(errs.As(err).Code, err, "The file storage does not work: to %s failed.", step.name)
		}
		steps = append(steps, Step{step.name, time.Since(began)})
	}
	return steps, s.place.concerns(ctx), nil
}

// unless is nil for an error of that code, which was to come.
func unless(code errs.Code, err error) error {
	if errs.Is(err, code) {
		return nil
	}
	if err == nil {
		return errs.New(errs.Internal, "It did not answer %s.", code)
	}
	return err
}
