package account

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
	"sync"
)

// guessedList is made of the 30,000 commonest passwords of breaches, the
// commonest names and the 5,000 commonest words of two collections: those that
// are long enough to be chosen, and those of letters only, which are tried with
// digits and signs around them. From the frequency lists of zxcvbn 4.4.2
// (Dropbox, MIT: guessed.LICENSE.txt), in lower case, a line each.
//
//go:embed guessed.txt.gz
var guessedList []byte

// guessedWords is the list as lines, unpacked when a password is first chosen.
var guessedWords = sync.OnceValue(func() string {
	r, err := gzip.NewReader(bytes.NewReader(guessedList))
	if err != nil {
		panic("account: the list of guessed passwords is not whole: " + err.Error())
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic("account: the list of guessed passwords is not whole: " + err.Error())
	}
	return "\n" + string(text)
})

// guessed says whether a lower-case word is in the list (NIST SP 800-63B-4,
// section 3.1.1.2). It works offline.
func guessed(word string) bool {
	return word != "" && !strings.Contains(word, "\n") && strings.Contains(guessedWords(), "\n"+word+"\n")
}
