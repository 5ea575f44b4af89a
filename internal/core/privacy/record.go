package privacy

import (
	"fmt"
	"strings"
)

// Record is the record of processing (GDPR Art. 30) as Markdown, made from the
// inventory; docs/record-of-processing.md is this text. What only the
// controller can say (its name, its own purposes) is left for it to fill in.
func Record() string {
	var b strings.Builder
	b.WriteString(recordHead)
	for _, kind := range Kinds {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", kindTitles[kind].title, kindTitles[kind].words)
		if kind == Column || kind == Key {
			recordTables(&b, kind)
			continue
		}
		b.WriteString("\n| what | class | for | kept | ends | guarded by |\n|---|---|---|---|---|---|\n")
		for _, e := range Inventory() {
			if e.Kind == kind {
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", cell(e.Place), inWords(e.Class), cell(e.Purpose), cell(e.Retention), cell(e.Erased), cell(e.Guard))
			}
		}
	}
	return b.String()
}

// recordTables writes one section per table: the columns that tell nothing
// about a person in one line, the others each in their own.
func recordTables(b *strings.Builder, kind Kind) {
	for _, g := range inventory {
		if g.kind != kind {
			continue
		}
		fmt.Fprintf(b, "\n### %s\n\nFor: %s.  \nKept: %s.  \nEnds: %s.\n", g.name, g.purpose, g.retention, g.erased)
		var plain, rows []string
		for _, p := range g.parts {
			if p.class == None {
				plain = append(plain, p.name)
				continue
			}
			rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s |\n", p.name, inWords(p.class), cell(p.what), cell(p.guard)))
		}
		if len(rows) > 0 {
			b.WriteString("\n| column | class | for | guarded by |\n|---|---|---|---|\n" + strings.Join(rows, ""))
		}
		if len(plain) > 0 {
			fmt.Fprintf(b, "\nNothing about a person by themselves: %s.\n", strings.Join(plain, ", "))
		}
	}
}

func inWords(c Class) string { return strings.ReplaceAll(string(c), "_", " ") }

func cell(s string) string { return strings.NewReplacer("|", `\|`, "<", `\<`).Replace(s) }

var kindTitles = map[Kind]struct{ title, words string }{
	Column:  {"The database", "One row of every table belongs to exactly one organisation. What is sealed or indexed can be read only with keys that are not in the database."},
	Key:     {"The key store", "A database of its own, which a backup of the first does not contain. Every key in it is wrapped by another."},
	File:    {"Files", "Sealed before they are written; their names are ids."},
	Event:   {"Live events", "What signed-in users' browsers are told at once. Each reader gets only what its role and tenant allow."},
	Frame:   {"Live frames to visitors", "What the visitor of one conversation is told, by the conversation's own token."},
	Cache:   {"Memory", "Never written to disk."},
	Browser: {"On people's own devices", "What our pages keep in a browser."},
	Log:     {"Logs and metrics", "They carry ids, never personal values."},
}

const recordHead = `# Record of processing

Generated from the inventory in ` + "`internal/core/privacy`" + ` (` + "`go test ./internal/core/privacy -update`" + `); a test compares the
inventory with the real schema on both engines, so nothing is stored that is not listed here.

This is the part of a record under GDPR Art. 30 that the software can say. The tenant is the controller and adds its own.

| Art. 30 | |
|---|---|
| controller (1a) | the tenant: name and contact details, representative, data protection officer |
| processor (2a) | whoever operates this installation |
| purposes (1b) | to receive, route and answer what people write to the tenant; to report on it; to keep conversations for the tenant's reporting and auditing; beyond that, the tenant's own |
| data subjects (1c) | people who are in touch with the tenant (*contacts*); the tenant's staff (*users*) |
| categories of data (1c) | the classes below: *pseudonym* (ids that stand for a person), *address* (phone, email, handle), *display name*, *content* (what was written or sent), *label* (the tenant's own words), *credential* |
| recipients (1d) | the tenant's users by role; nobody else. The operator and resellers see health and sizes, never content |
| transfers to third countries (1e) | none by the software; where it runs is the operator's choice |
| time limits (1f) | *kept* and *ends* below; the numbers of days are the tenant's rules: conversations 90, records 365, audit log 730 unless changed |
| security (1g) | TLS; content and addresses sealed under a key per person, wrapped by a key per tenant, wrapped by a root key; blind indexes; one permission table; an audit log chained by hashes; see [keys](keys.md) |

A person's requests: access and portability (one archive), rectification, restriction, withdrawal of consent, erasure (the
person's key is destroyed first, so copies and backups cannot be read either, then rows and files go; a receipt says what
stays and why). While a person's processing is restricted, retention deletes nothing of theirs.
`
