package setup

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/privacy"
)

// Value gives a value as it is stored, JSON in one form only, or nil for none: null,
// an empty text, no choice. region is the country of phone numbers written without
// one. What is wrong is added at path, and never repeats the value. sure lets a value
// be that looks like one that must not stand in the field.
func (f Field) Value(faults *errs.Fields, path string, raw json.RawMessage, region string, sure bool) json.RawMessage {
	before := len(*faults)
	v := f.read(faults, path, raw, region)
	if len(*faults) > before {
		return nil
	}
	empty := false
	switch v := v.(type) {
	case nil:
		empty = true
	case string:
		empty = v == ""
	case []string:
		empty = len(v) == 0
	}
	if empty {
		return nil
	}
	if !sure {
		f.warn(faults, path, v)
	}
	if len(*faults) > before {
		return nil
	}
	b, err := encodeValue(v)
	if err != nil {
		faults.Add(path, "cannot be read.")
		return nil
	}
	return b
}

// encodeValue writes a value without escapes for web pages: "<" is one character.
func encodeValue(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// read is the value of the field's type: nil, string, json.Number, bool or []string.
func (f Field) read(faults *errs.Fields, path string, raw json.RawMessage, region string) any {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	switch f.Type {
	case FieldYesNo:
		var v bool
		if json.Unmarshal(raw, &v) != nil {
			faults.Add(path, "must be true or false.")
			return nil
		}
		return v
	case FieldNumber, FieldWhole:
		return f.readNumber(faults, path, raw)
	case FieldChoices:
		return f.readChoices(faults, path, raw)
	}
	var v string
	if json.Unmarshal(raw, &v) != nil || !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
		faults.Add(path, "must be a text.")
		return nil
	}
	if f.Type == FieldLongText {
		v = tidyText(v)
	} else {
		v = strings.TrimSpace(v)
	}
	if v == "" {
		return ""
	}
	if n := utf8.RuneCountInString(v); n > MaxFieldText {
		faults.Add(path, "has %d characters; at most %d are accepted.", n, MaxFieldText)
		return nil
	}
	return f.readText(faults, path, v, region)
}

// readText is a value that is written as a text.
func (f Field) readText(faults *errs.Fields, path, v, region string) any {
	switch f.Type {
	case FieldChoice:
		f.known(faults, path, v)
	case FieldWeb:
		u, err := url.Parse(v)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || hasHidden(v, false) {
			faults.Add(path, "must be the address of a page, such as https://example.com/page.")
		}
	case FieldEmail:
		normal, err := privacy.NormalAddress(privacy.Email, v, region)
		if err != nil {
			faults.Add(path, "must be an email address.")
		}
		return normal
	case FieldPhone:
		normal, err := privacy.NormalAddress(privacy.Phone, v, region)
		if err != nil {
			faults.Add(path, "must be a phone number, best with its country: +351 …")
		}
		return normal
	case FieldDate, FieldTime:
		if _, ok := f.moment(v); !ok {
			if f.Type == FieldDate {
				faults.Add(path, "must be a date, written 2026-11-29.")
			} else {
				faults.Add(path, "must be a time of day, written 17:30.")
			}
			return nil
		}
		f.within(faults, path, v)
	default:
		f.checkText(faults, path, v)
	}
	return v
}

func (f Field) checkText(faults *errs.Fields, path, v string) {
	if hasHidden(v, f.Type == FieldLongText) {
		faults.Add(path, "holds invisible control characters; please take them out.")
	}
	most := cmp.Or(f.MaxLength, MaxFieldText)
	if n := utf8.RuneCountInString(v); n < f.MinLength || n > most {
		faults.Add(path, "has %d characters; %d to %d are accepted.", n, f.MinLength, most)
	}
	if f.Pattern == "" {
		return
	}
	if p, err := fieldPattern(f.Pattern); err != nil || !p.MatchString(v) {
		faults.Add(path, "does not have the form that this field asks for.")
	}
}

func (f Field) readNumber(faults *errs.Fields, path string, raw json.RawMessage) any {
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil || raw[0] == '"' {
		faults.Add(path, "must be a number.")
		return nil
	}
	v, ok := f.number(n.String())
	if !ok {
		if f.Type == FieldWhole {
			faults.Add(path, "must be a whole number of at most 15 digits.")
		} else {
			faults.Add(path, "must be a number of at most 15 digits.")
		}
		return nil
	}
	out := json.Number(strconv.FormatFloat(v, 'f', -1, 64))
	f.within(faults, path, out.String())
	return out
}

// number reads one; what a browser cannot hold exactly is none.
func (f Field) number(s string) (float64, bool) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.Abs(v) >= 1e15 || f.Type == FieldWhole && v != math.Trunc(v) {
		return 0, false
	}
	if v == 0 {
		v = 0 // never -0
	}
	if !strings.ContainsAny(s, ".eE") {
		return v, true
	}
	if digits := strconv.FormatFloat(v, 'f', -1, 64); len(digits) > 24 {
		return 0, false
	}
	return v, true
}

func (f Field) readChoices(faults *errs.Fields, path string, raw json.RawMessage) any {
	var v []string
	if json.Unmarshal(raw, &v) != nil {
		faults.Add(path, "must be a list of choices.")
		return nil
	}
	out := []string{}
	for _, o := range f.Choices { // in the order of the choices
		if slices.Contains(v, o.Value) {
			out = append(out, o.Value)
		}
	}
	for _, one := range v {
		f.known(faults, path, one)
	}
	return out
}

func (f Field) known(faults *errs.Fields, path, v string) {
	if !slices.ContainsFunc(f.Choices, func(o FieldOption) bool { return o.Value == v }) {
		faults.Add(path, "is not one of the choices.")
	}
}

func (f Field) moment(v string) (time.Time, bool) {
	form := "2006-01-02"
	if f.Type == FieldTime {
		form = "15:04"
	}
	t, err := time.Parse(form, v)
	return t, err == nil && t.Format(form) == v
}

// bound reads the least or the most of the values; nil is none.
func (f Field) bound(c *checks, path, s string) any {
	if s == "" {
		return nil
	}
	if f.Type == FieldNumber || f.Type == FieldWhole {
		if v, ok := f.number(s); ok {
			return v
		}
		c.Add(path, "must be a number of at most 15 digits.")
		return nil
	}
	if t, ok := f.moment(s); ok {
		return t
	}
	if f.Type == FieldTime {
		c.Add(path, "must be a time of day, written 17:30.")
	} else {
		c.Add(path, "must be a date, written 2026-11-29.")
	}
	return nil
}

func (f Field) compare(a, b any) int {
	if t, ok := a.(time.Time); ok {
		return t.Compare(b.(time.Time))
	}
	return cmp.Compare(a.(float64), b.(float64))
}

// within checks that a value is not below the least or above the most.
func (f Field) within(faults *errs.Fields, path, v string) {
	var none checks
	value := f.bound(&none, path, v)
	if least := f.bound(&none, path, f.Least); least != nil && f.compare(value, least) < 0 {
		faults.Add(path, "is below %s, the least that is accepted.", f.Least)
	}
	if most := f.bound(&none, path, f.Most); most != nil && f.compare(value, most) > 0 {
		faults.Add(path, "is above %s, the most that is accepted.", f.Most)
	}
}

// warn refuses what looks like something that must not stand in the field. Numbers of
// cards have no place in any; what reaches a person has none where the field says
// that it tells nothing about one. The fault names what confirms that it is not so.
func (f Field) warn(faults *errs.Fields, path string, v any) {
	path = strings.TrimSuffix(path, "value") + "sure"
	var text string
	switch v := v.(type) {
	case string:
		if !f.Type.text() {
			return
		}
		text = v
	case json.Number:
		text = v.String()
	default:
		return
	}
	switch look := privacy.LookOf(text); {
	case look == privacy.LooksCard:
		faults.Add(path, "looks like the number of a payment card, which must not be kept here. If it is none, confirm that.")
	case look == "" || f.Sealed():
	case look == privacy.LooksBank:
		faults.Add(path, "looks like the number of a bank account; this field is not for what belongs to a person. If it is none, confirm that.")
	case look == privacy.LooksEmail:
		faults.Add(path, "looks like an email address; this field is not for what belongs to a person. If it is none, confirm that.")
	case look == privacy.LooksPhone:
		faults.Add(path, "looks like a phone number; this field is not for what belongs to a person. If it is none, confirm that.")
	}
}
