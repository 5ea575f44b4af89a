package mailtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Outside runs what needs a provider in a program that is no test, and answers with what
// was fatal to it.
func Outside(ctx context.Context, fn func(T)) (err error) {
	o := &outside{ctx: ctx}
	defer func() {
		for _, end := range slices.Backward(o.ends) {
			end()
		}
		if r := recover(); r != nil {
			fatal, ok := r.(fatality)
			if !ok {
				panic(r)
			}
			err = fatal.error
		}
	}()
	fn(o)
	return nil
}

type outside struct {
	ctx  context.Context
	ends []func()
}

type fatality struct{ error }

func (o *outside) Helper()                  {}
func (o *outside) Context() context.Context { return o.ctx }
func (o *outside) Cleanup(end func())       { o.ends = append(o.ends, end) }
func (o *outside) Fatal(args ...any)        { panic(fatality{errors.New(fmt.Sprint(args...))}) }
func (o *outside) Fatalf(format string, args ...any) {
	panic(fatality{fmt.Errorf(format, args...)})
}
