package setup

import "regexp"

// fieldPattern is the one place where a pattern is made of what somebody wrote: an
// administrator says which form the texts of a field have. It is bounded in length
// (Field.Validate), and Go's patterns (RE2) run in a time that grows with the text
// alone, of 2,000 characters at most.
func fieldPattern(written string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(written); err != nil { // "a)|(b" is none, though it is one in brackets
		return nil, err
	}
	return regexp.Compile(`^(?:` + written + `)$`)
}
