package userfile

import (
	"slices"

	"nubitalk/internal/core/csvfile"
)

// Column is what a column of the file is about.
type Column string

const (
	UserName    Column = "user_name"
	Roles       Column = "roles"
	Teams       Column = "teams"
	Site        Column = "site"
	Skills      Column = "skills"
	Language    Column = "language"
	DisplayName Column = "display_name"
	Email       Column = "email"
	Phone       Column = "phone"
)

// Work are the columns that say nothing of a person but its user name; Personal
// are those that nothing needs.
var (
	Work     = []Column{UserName, Roles, Teams, Site, Skills, Language}
	Personal = []Column{DisplayName, Email, Phone}
)

// headings are the words by which a column is known: its own, and what people and
// other programs call it in English and Portuguese.
var headings = map[Column][]string{
	UserName:    {"user name", "username", "user", "login", "nome de utilizador", "utilizador"},
	Roles:       {"roles", "role", "funcoes", "funcao", "papeis", "papel"},
	Teams:       {"teams", "team", "equipas", "equipa"},
	Site:        {"site", "sites", "local", "locais"},
	Skills:      {"skills", "skill", "competencias", "competencia"},
	Language:    {"language", "idioma", "lingua"},
	DisplayName: {"display name", "displayname", "name", "full name", "nome a mostrar", "nome"},
	Email:       {"email", "e mail", "mail", "correio eletronico"},
	Phone:       {"phone", "phone number", "telephone", "telefone", "telemovel"},
}

// columnOf is the column that a heading names; "" for none.
func columnOf(heading string) Column {
	word := csvfile.Fold(heading)
	for c, words := range headings {
		if slices.Contains(words, word) {
			return c
		}
	}
	return ""
}

// Fold is csvfile.Fold, for who compares what stands in a list of users.
func Fold(s string) string { return csvfile.Fold(s) }
