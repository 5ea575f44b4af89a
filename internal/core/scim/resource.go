package scim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schemas' names.
const (
	UserSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
	ListSchema  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	ErrorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// What filters may ask of.
var (
	UserFilters  = []string{"id", "externalId", "userName", "active", "displayName"}
	GroupFilters = []string{"id", "externalId", "displayName", "members"}
)

// User is what is read of a user; everything else is dropped.
type User struct {
	ExternalID, UserName string
	Active               bool
	Silent               bool // it does not say whether it is active
	// DisplayName and Email are personal data, which few organisations choose to keep.
	DisplayName, Email string
}

// ReadUser takes a user out of a resource; who does not say so is active.
func ReadUser(r map[string]any) (User, error) {
	u := User{Active: true}
	var err error
	for _, f := range []struct {
		attr string
		to   *string
	}{{"userName", &u.UserName}, {"externalId", &u.ExternalID}, {"displayName", &u.DisplayName}} {
		if *f.to, err = text(r, f.attr); err != nil {
			return u, err
		}
	}
	if strings.TrimSpace(u.UserName) == "" {
		return u, fault(InvalidValue, "userName is missing.")
	}
	switch v := valueOf(r, "active").(type) {
	case nil:
		u.Silent = true
	case bool:
		u.Active = v
	case string: // as Entra writes it
		switch strings.ToLower(v) {
		case "true":
		case "false":
			u.Active = false
		default:
			return u, fault(InvalidValue, "active has to be true or false.")
		}
	default:
		return u, fault(InvalidValue, "active has to be true or false.")
	}
	if u.DisplayName == "" {
		for _, n := range elements(valueOf(r, "name")) {
			u.DisplayName, _ = valueOf(n, "formatted").(string)
		}
	}
	for _, e := range elements(valueOf(r, "emails")) {
		address, _ := valueOf(e, "value").(string)
		if primary, _ := valueOf(e, "primary").(bool); primary || u.Email == "" {
			u.Email = address
		}
	}
	return u, nil
}

func text(r map[string]any, attr string) (string, error) {
	v := valueOf(r, attr)
	s, ok := v.(string)
	if !ok && v != nil {
		return "", fault(InvalidValue, "%s has to be a text.", attr)
	}
	if len(s) > 1000 {
		return "", fault(InvalidValue, "%s is too long.", attr)
	}
	return s, nil
}

// Group is what is read of a group.
type Group struct {
	ExternalID, Name string
	Members          []string // ids of users, each once
}

// ReadGroup takes a group out of a resource.
func ReadGroup(r map[string]any) (Group, error) {
	var g Group
	var err error
	if g.Name, err = text(r, "displayName"); err != nil {
		return g, err
	}
	if g.ExternalID, err = text(r, "externalId"); err != nil {
		return g, err
	}
	if strings.TrimSpace(g.Name) == "" {
		return g, fault(InvalidValue, "displayName is missing.")
	}
	members := valueOf(r, "members")
	list, several := members.([]any)
	if !several && members != nil {
		list = []any{members}
	}
	if len(list) > mostValues {
		return g, fault(tooMany, "members has more than %d values.", mostValues)
	}
	seen := map[string]bool{}
	for _, v := range list {
		m, _ := v.(map[string]any)
		user, ok := valueOf(m, "value").(string)
		if !ok || user == "" {
			return g, fault(InvalidValue, "A member needs its id as value.")
		}
		if kind, _ := valueOf(m, "type").(string); strings.EqualFold(kind, "Group") {
			return g, fault(InvalidValue, "Groups in groups are not supported; let the directory send the users.")
		}
		if !seen[user] {
			seen[user] = true
			g.Members = append(g.Members, user)
		}
	}
	return g, nil
}

// Select leaves of a resource what a caller asked for (RFC 7644, 3.9). id and schemas stay.
func Select(r map[string]any, only, but string) map[string]any {
	named := func(list, k string) bool {
		for _, a := range strings.Split(list, ",") {
			if attr, _, ok := attribute(strings.TrimSpace(a)); ok && strings.EqualFold(attr, k) {
				return true
			}
		}
		return false
	}
	if only == "" && but == "" {
		return r
	}
	out := map[string]any{}
	for k, v := range r {
		if k == "id" || k == "schemas" || only != "" && named(only, k) || only == "" && !named(but, k) {
			out[k] = v
		}
	}
	return out
}

// Record is a resource with what the service knows of it.
type Record struct {
	Kind             string // User or Group
	ID               string
	Resource         map[string]any
	Version          int64
	Created, Updated time.Time
}

// ETag is the record's version as an entity tag (RFC 7644, 3.14).
func (r Record) ETag() string { return fmt.Sprintf(`W/"%d"`, r.Version) }

// At is the record's address.
func (r Record) At(base string) string { return base + "/" + r.Kind + "s/" + r.ID }

// Answer is the resource as it is sent, with its meta (RFC 7643, 3.1).
func (r Record) Answer(base string) map[string]any {
	out := map[string]any{}
	for k, v := range r.Resource {
		out[k] = v
	}
	out["meta"] = map[string]any{"resourceType": r.Kind, "created": r.Created.UTC().Format(time.RFC3339), "lastModified": r.Updated.UTC().Format(time.RFC3339), "version": r.ETag(), "location": r.At(base)}
	return out
}

// Page is a part of what was found, from the startIndex-th on (RFC 7644, 3.4.2.4).
type Page struct{ Start, Count int }

// ReadPage reads startIndex and count; "" is the usual.
func ReadPage(start, count string) (Page, error) {
	p := Page{1, 100}
	for _, f := range []struct {
		text, name string
		to         *int
	}{{start, "startIndex", &p.Start}, {count, "count", &p.Count}} {
		if f.text == "" {
			continue
		}
		n, err := strconv.Atoi(f.text)
		if err != nil {
			return p, fault(InvalidValue, "%s has to be a number.", f.name)
		}
		*f.to = n
	}
	p.Start, p.Count = max(p.Start, 1), min(max(p.Count, 0), MostResults)
	return p, nil
}

// Of are the bounds of the page among n.
func (p Page) Of(n int) (from, to int) {
	from = min(p.Start-1, n)
	return from, min(n, from+p.Count)
}
