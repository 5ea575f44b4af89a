package privacy

import (
	"fmt"
	"slices"
	"strings"
)

// Class says what a stored value tells about a person.
type Class string

const (
	None        Class = "none"         // nothing about a person by itself
	Pseudonym   Class = "pseudonym"    // stands for a person; says who only together with something else
	Address     Class = "address"      // reaches a person: phone, email, handle
	DisplayName Class = "display_name" // what a person is called
	Content     Class = "content"      // what a person wrote, sent or said
	Label       Class = "label"        // words the tenant chose to add
	Secret      Class = "secret"       // opens other values: keys
	Credential  Class = "credential"   // proves who someone is: passwords, tokens
)

// Classes are all classes.
var Classes = []Class{None, Pseudonym, Address, DisplayName, Content, Label, Secret, Credential}

// Personal says whether values of the class are personal data.
func (c Class) Personal() bool { return c != None && c != Secret && c != Credential }

// Kind says what kind of place a value stands in.
type Kind string

const (
	Column  Kind = "column"  // of the database: "users.user_name"
	Key     Kind = "key"     // of the key store: "keys.wrapped"
	File    Kind = "file"    // stored files, by the first part of their keys
	Event   Kind = "event"   // live, to browsers of signed-in users
	Frame   Kind = "frame"   // live, to the visitor of one conversation
	Cache   Kind = "cache"   // in memory only
	Browser Kind = "browser" // on the device of a user or visitor
	Log     Kind = "log"     // logs, metrics
)

// Kinds are all kinds, in the order of the record.
var Kinds = []Kind{Column, Key, File, Event, Frame, Cache, Browser, Log}

// Entry is one place where something is kept or passes through.
type Entry struct {
	Kind      Kind
	Place     string
	Class     Class
	Guard     string // how it is protected: "sealed under the contact's key"; "" if by access rules alone
	Purpose   string
	Retention string
	Erased    string // how it ends
}

// Inventory is everything that is kept, one entry per place. The record of
// processing, the page in the product and the check of the schema come from it.
func Inventory() []Entry {
	var out []Entry
	for _, g := range inventory {
		for _, p := range g.parts {
			e := Entry{Kind: g.kind, Place: p.name, Class: p.class, Guard: p.guard, Purpose: p.what, Retention: g.retention, Erased: g.erased}
			if g.name != "" {
				e.Place = g.name + "." + p.name
			}
			if e.Purpose == "" {
				e.Purpose = g.purpose
			}
			out = append(out, e)
		}
	}
	return out
}

// CompareColumns says how a schema ("table.column" each) and the inventory
// differ, nil when they agree: an unclassified column is one that nobody has
// thought about.
func CompareColumns(schema []string) error { return compare(Column, schema) }

// CompareKeys does the same for the key store.
func CompareKeys(schema []string) error { return compare(Key, schema) }

// CompareEvents does the same for the types of live events.
func CompareEvents(types []string) error { return compare(Event, types) }

// CompareFrames does the same for the frames sent to visitors.
func CompareFrames(types []string) error { return compare(Frame, types) }

func compare(kind Kind, have []string) error {
	known := map[string]bool{}
	for _, e := range Inventory() {
		if e.Kind == kind {
			known[e.Place] = true
		}
	}
	var faults []string
	for _, place := range have {
		if !known[place] {
			faults = append(faults, fmt.Sprintf("the %s %s has no class: add it to the inventory", kind, place))
		}
		delete(known, place)
	}
	for place := range known {
		faults = append(faults, fmt.Sprintf("the %s %s is in the inventory but does not exist", kind, place))
	}
	if len(faults) == 0 {
		return nil
	}
	slices.Sort(faults)
	return fmt.Errorf("privacy: %s", strings.Join(slices.Compact(faults), "; "))
}
