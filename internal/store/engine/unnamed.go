package engine

import "strings"

// unnamed writes a statement's parameters as bare question marks, and says which
// argument each of them takes, counted from 0: SQLite and its driver look for the
// name of every parameter at every execution, and make a string of it. order is
// nil, and the statement stays as it is, where that would say something else: one
// parameter that stands twice would be two, and each of several statements would
// count anew. What stays has the same program, because SQLite numbers parameters
// in the order in which they stand, named or not.
func unnamed(sql string) (text string, order []int) {
	var b strings.Builder
	seen := map[int]bool{}
	for i := 0; i < len(sql); {
		end := i + 1
		switch c := sql[i]; {
		case c == '\'' || c == '"':
			end = after(sql, i+1, sql[i:i+1])
		case strings.HasPrefix(sql[i:], "/*"):
			end = after(sql, i+2, "*/")
		case strings.HasPrefix(sql[i:], "--"):
			end = after(sql, i+2, "\n")
		case strings.IndexByte("?:@#;`[", c) >= 0:
			return sql, nil
		case c == '$':
			n := 0
			for ; end < len(sql) && sql[end] >= '0' && sql[end] <= '9' && n < 1<<15; end++ {
				n = 10*n + int(sql[end]-'0')
			}
			if n == 0 || seen[n] || i > 0 && inName(sql[i-1]) || end < len(sql) && inName(sql[end]) {
				return sql, nil
			}
			seen[n] = true
			order = append(order, n-1)
			b.WriteByte('?')
			i = end
			continue
		}
		b.WriteString(sql[i:end])
		i = end
	}
	if order == nil {
		return sql, nil
	}
	return b.String(), order
}

// after is where a text goes on behind an end that is looked for from a place on.
func after(sql string, from int, end string) int {
	if at := strings.Index(sql[from:], end); at >= 0 {
		return from + at + len(end)
	}
	return len(sql)
}

// inName says whether a character may be part of a name, in which a dollar is one too.
func inName(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}
