package api

import (
	"time"

	"nubitalk/internal/base/errs"
)

// Sizes and times of requests.
const (
	maxBody     = 256 << 10 // bytes of a JSON body
	bodyTimeout = 20 * time.Second
	maxPage     = 200
)

type none struct{}

// ByID is the input of a route about one thing.
type ByID struct {
	ID string `path:"id" maxLength:"64"`
}

// Page is the paging of a list.
type Page struct {
	Cursor string `query:"cursor" maxLength:"512" doc:"next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// PageOf is the paging of a list that is asked for in a body.
type PageOf struct {
	Cursor string `json:"cursor,omitempty" maxLength:"512" doc:"next of the page before."`
	Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"200" default:"50"`
}

// ListOf is a page of a list.
type ListOf[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Pass as cursor for the next page; absent at the end."`
}

// reply is an answer with a body.
type reply[T any] struct {
	Body T
}

func answer[T any](v T, err error) (*reply[T], error) {
	if err != nil {
		return nil, err
	}
	return &reply[T]{Body: v}, nil
}

func list[T any](items []T, next string, err error) (*reply[ListOf[T]], error) {
	return answer(ListOf[T]{items, next}, err)
}

func done(err error) (*none, error) { return nil, err }

// conflicting adds the state in force to a conflict.
func conflicting[T any](err error, now func() (T, error)) error {
	if !errs.Is(err, errs.Conflict) {
		return err
	}
	p := problemOf(err)
	if v, e := now(); e == nil {
		p.Current = v
	}
	return p
}
