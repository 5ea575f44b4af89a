package api

import (
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"nubitalk/internal/base/errs"
)

// plainInput refuses NUL and invalid UTF-8 anywhere in an input: neither engine
// stores them alike, and no person types them.
func plainInput(v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
			return errs.Bad(path, "must be text without NUL characters")
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return plainInput(v.Elem(), path)
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return nil
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() && !f.Anonymous {
				continue
			}
			if err := plainInput(v.Field(i), inputPath(path, f)); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i := range v.Len() {
			if err := plainInput(v.Index(i), path+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if err := plainInput(it.Key(), path); err != nil {
				return err
			}
			if err := plainInput(it.Value(), path+"."+it.Key().String()); err != nil {
				return err
			}
		}
	}
	return nil
}

var timeType = reflect.TypeFor[time.Time]()

// inputPath names a field as the caller knows it.
func inputPath(path string, f reflect.StructField) string {
	name := f.Tag.Get("json")
	for _, where := range []string{"path", "query", "header"} {
		if t := f.Tag.Get(where); t != "" {
			return where + "." + t
		}
	}
	name, _, _ = strings.Cut(name, ",")
	switch {
	case f.Anonymous:
		return path
	case path == "":
		return strings.ToLower(f.Name) // Body
	case name == "":
		return path + "." + f.Name
	}
	return path + "." + name
}

// noNil makes empty lists and maps of nil ones, because the document says that
// they are never null.
func noNil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() && v.Elem().CanSet() {
			noNil(v.Elem())
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return
		}
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() || v.Type().Field(i).Anonymous {
				noNil(f)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		if v.IsNil() && v.CanSet() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
			return
		}
		for i := range v.Len() {
			noNil(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() && v.CanSet() {
			v.Set(reflect.MakeMap(v.Type()))
		}
	}
}

// plainText is plainInput for one value.
func plainText(path, s string) error { return plainInput(reflect.ValueOf(s), path) }

// typeName says what kind of value something is, without showing it.
func typeName(v any) string { return reflect.TypeOf(v).String() }
