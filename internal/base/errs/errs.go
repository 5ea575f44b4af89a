package errs

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Code says what kind of failure this is. Doors map it to their own codes.
type Code string

const (
	Invalid      Code = "invalid"      // the input is wrong; Fields names where
	Unauthorised Code = "unauthorised" // nobody is signed in, or the session ended
	Forbidden    Code = "forbidden"    // signed in, but not allowed
	NotFound     Code = "not_found"    // it does not exist, or not for this tenant
	Conflict     Code = "conflict"     // the state in force does not allow this
	Gone         Code = "gone"         // it existed and was erased or has expired
	TooLarge     Code = "too_large"    // a size limit was passed
	Unsupported  Code = "unsupported"  // a type that is not accepted
	Limited      Code = "rate_limited" // too many requests; RetryAfter says when
	Unavailable  Code = "unavailable"  // a part is down for the moment; try again
	Fenced       Code = "fenced"       // another node owns this tenant's floor now
	Internal     Code = "internal"     // a fault of ours
)

// Field names one wrong value of the input.
type Field struct {
	Path    string // where, e.g. "display_name" or "skills[2].level"
	Problem string // what is wrong with it and what is accepted, one plain sentence
}

// Error is the error type that crosses package boundaries.
type Error struct {
	Code       Code
	Text       string        // safe for any person to read; never personal data
	Fields     []Field       // for Invalid
	RetryAfter time.Duration // for Limited and Unavailable; 0 if unknown
	Cause      error         // private; for logs only
}

// Error returns the code, the text and the private cause. It is for logs; show
// people Text.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Text
	for _, f := range e.Fields {
		s += " [" + f.Path + ": " + f.Problem + "]"
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// Temporary says whether the same call may succeed later without any change.
func (e *Error) Temporary() bool {
	return e.Code == Unavailable || e.Code == Limited || e.Code == Fenced
}

// New makes an error with a safe text.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// Wrap makes an error with a safe text and a private cause.
func Wrap(code Code, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...), Cause: cause}
}

// Bad is an Invalid error about one field.
func Bad(path, format string, args ...any) *Error {
	problem := fmt.Sprintf(format, args...)
	return &Error{Code: Invalid, Text: path + ": " + problem, Fields: []Field{{path, problem}}}
}

// As finds the *Error in a chain. A context's end becomes Unavailable, anything
// unknown becomes Internal, so a door never has to guess.
func As(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return Wrap(Unavailable, err, "This took too long or was cancelled. Please try again.")
	}
	return Wrap(Internal, err, "Something went wrong on our side. Please try again.")
}

// Is says whether err carries the code.
func Is(err error, code Code) bool { return err != nil && As(err).Code == code }

// Fields collects the faults of one input, so that all of them are told at once.
type Fields []Field

// Add notes a fault.
func (f *Fields) Add(path, format string, args ...any) {
	*f = append(*f, Field{path, fmt.Sprintf(format, args...)})
}

// Err is nil when no fault was noted, else one Invalid error with all of them.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	text := f[0].Path + ": " + f[0].Problem
	if len(f) > 1 {
		text = fmt.Sprintf("%d values need attention.", len(f))
	}
	return &Error{Code: Invalid, Text: text, Fields: f}
}
