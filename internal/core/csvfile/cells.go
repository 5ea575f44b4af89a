package csvfile

import "strings"

// A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection).
const formula = "=+-@\t\r\n"

// formulaLike says whether a cell, behind apostrophes, begins like a formula.
func formulaLike(s string) bool {
	s = strings.TrimLeft(s, "'")
	return s != "" && strings.ContainsRune(formula, rune(s[0]))
}

// Quoted keeps spreadsheets from taking a cell for a formula, also those that part the
// cells of a line at semicolons, as Portuguese ones do.
func Quoted(s string) string {
	return eachPart(s, func(part string) string {
		if formulaLike(part) {
			return "'" + part
		}
		return part
	})
}

// Plain takes off what Quoted put before a cell and its parts.
func Plain(s string) string {
	return eachPart(s, func(part string) string {
		if strings.HasPrefix(part, "'") && formulaLike(part) {
			return part[1:]
		}
		return part
	})
}

func eachPart(s string, change func(part string) string) string {
	if !strings.Contains(s, ";") {
		return change(s)
	}
	parts := strings.Split(s, ";")
	for i, part := range parts {
		parts[i] = change(part)
	}
	return strings.Join(parts, ";")
}
