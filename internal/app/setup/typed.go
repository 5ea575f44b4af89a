package setup

import (
	"context"
	"encoding/json"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
)

// Entry is an object with its typed value.
type Entry[T core.Object] struct {
	ID         string
	Version    int64
	Position   int64
	CreatedAt  time.Time
	UpdatedAt  time.Time
	ArchivedAt time.Time
	Value      T
}

func kindOf[T core.Object]() core.Kind {
	var v T
	return v.Kind()
}

func entryOf[T core.Object](o Object, err error) (Entry[T], error) {
	e := Entry[T]{ID: o.ID, Version: o.Version, Position: o.Position, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt, ArchivedAt: o.ArchivedAt}
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(o.Body, &e.Value); err != nil {
		return e, errs.Wrap(errs.Internal, err, "A stored %s cannot be read.", kindOf[T]().Word())
	}
	return e, nil
}

// Get is Service.Get for code that knows the type.
func Get[T core.Object](ctx context.Context, s *Service, a access.Actor, object string) (Entry[T], error) {
	return entryOf[T](s.Get(ctx, a, kindOf[T](), object))
}

// List is Service.List for code that knows the type.
func List[T core.Object](ctx context.Context, s *Service, a access.Actor, archived bool) ([]Entry[T], error) {
	objects, err := s.List(ctx, a, kindOf[T](), archived)
	if err != nil {
		return nil, err
	}
	list := make([]Entry[T], 0, len(objects))
	for _, o := range objects {
		e, err := entryOf[T](o, nil)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// Create is Service.Create for code that knows the type.
func Create[T core.Object](ctx context.Context, s *Service, a access.Actor, v T) (Entry[T], error) {
	return entryOf[T](s.Create(ctx, a, kindOf[T](), encode(core.Clean(v))))
}

// Update is Service.Put for code that knows the type.
func Update[T core.Object](ctx context.Context, s *Service, a access.Actor, object string, version int64, v T) (Entry[T], error) {
	return entryOf[T](s.Put(ctx, a, kindOf[T](), object, version, encode(core.Clean(v))))
}

// Archive is Service.Archive for code that knows the type.
func Archive[T core.Object](ctx context.Context, s *Service, a access.Actor, object string, version int64) error {
	return s.Archive(ctx, a, kindOf[T](), object, version)
}

// Restore is Service.Restore for code that knows the type.
func Restore[T core.Object](ctx context.Context, s *Service, a access.Actor, object string, version int64) (Entry[T], error) {
	return entryOf[T](s.Restore(ctx, a, kindOf[T](), object, version))
}
