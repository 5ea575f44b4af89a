package store

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"

	"nubitalk/internal/base/errs"
)

// The tokens of a message are kept with the message, in one piece, and go with
// it. Some time after the conversation has closed they enter the search index,
// those of many conversations at once and in the index's order: one by one they
// would be most of what a message costs, because each lands on another page.
// Until then a search reads them where they are.

// How far a conversation's words are in the search index (chats.indexed).
const (
	wordsApart   = 0 // it is open: its words stand with its messages
	wordsWaiting = 1 // it has closed, and waits for company
	wordsIndexed = 2
)

// indexTogether is how many closed conversations enter the index at once, at
// least; at most it is twice as many.
const indexTogether = 32

// looks says whether closing a conversation looks for others that wait: one in
// eight does, as its id has it, since looking costs as much as writing one.
func looks(interactionID string) bool { return crc32.ChecksumIEEE([]byte(interactionID))%8 == 0 }

// InsertTokens makes a conversation findable by more words, as if they stood in
// its last message. MessageRow.Tokens does the same for less.
func (tx *Tx) InsertTokens(interactionID string, tokens [][]byte) error {
	if len(tokens) == 0 {
		return nil
	}
	t := string(tx.scope.Tenant)
	var indexed, seq int64
	var old tokenList
	found, err := tx.one(`SELECT indexed, last_seq FROM chats WHERE tenant_id = $1 AND interaction_id = $2 /*pg FOR UPDATE pg*/`, []any{t, interactionID}, &indexed, &seq)
	if err != nil {
		return err
	}
	if found {
		found, err = tx.one(`SELECT tokens FROM messages WHERE tenant_id = $1 AND interaction_id = $2 AND seq = $3`, []any{t, interactionID, seq}, &old)
	}
	if err != nil {
		return err
	}
	if !found {
		return errs.New(errs.NotFound, "This conversation has no message.")
	}
	if _, err := tx.exec(`UPDATE messages SET tokens = $4 WHERE tenant_id = $1 AND interaction_id = $2 AND seq = $3`,
		t, interactionID, seq, packTokens(append(old, tokens...))); err != nil {
		return err
	}
	if indexed == wordsIndexed {
		err = tx.index(pairsOf(interactionID, tokens))
	}
	return err
}

// ConversationClosed lets a conversation's words wait for the search index, if it has
// any, and now and then moves all that wait into it if there are enough.
func (tx *Tx) ConversationClosed(interactionID string) error {
	t := string(tx.scope.Tenant)
	n, err := tx.exec(`UPDATE chats SET indexed = CASE WHEN EXISTS (SELECT 1 FROM messages m WHERE m.tenant_id = $1 AND m.interaction_id = $2 AND m.tokens <> $3) THEN 1 ELSE 2 END
		WHERE tenant_id = $1 AND interaction_id = $2 AND indexed = 0`, t, interactionID, packTokens(nil))
	if err != nil || n == 0 || !looks(interactionID) {
		return err
	}
	waiting, err := list(tx, func(r row, s *string) error { return r.Scan(s) },
		`SELECT interaction_id FROM chats WHERE tenant_id = $1 AND indexed = 1 ORDER BY interaction_id LIMIT $2 /*pg FOR UPDATE SKIP LOCKED pg*/`, t, 2*indexTogether)
	if err != nil || len(waiting) < indexTogether {
		return err
	}
	var pairs []pair
	for some := range slices.Chunk(waiting, rowsAtOnce) {
		args := []any{t}
		for _, interaction := range some {
			args = append(args, interaction)
		}
		sets, err := tx.tokenSets(waitingTexts()[len(some)], args...)
		if err != nil {
			return err
		}
		for _, interaction := range some {
			pairs = append(pairs, pairsOf(interaction, sets[interaction])...)
		}
		if _, err := tx.exec(indexedTexts()[len(some)], args...); err != nil {
			return err
		}
	}
	return tx.index(pairs)
}

// pair is one row of the search index.
type pair struct {
	token       []byte
	interaction string
}

func pairsOf(interaction string, tokens [][]byte) []pair {
	out := make([]pair, len(tokens))
	for i, t := range tokens {
		out[i] = pair{t, interaction}
	}
	return out
}

// tokenSets are the different tokens of each interaction whose messages sql
// selects: their interactions and tokens.
func (tx *Tx) tokenSets(sql string, args ...any) (map[string][][]byte, error) {
	type line struct {
		interaction string
		tokens      tokenList
	}
	lines, err := list(tx, func(r row, l *line) error { return r.Scan(&l.interaction, &l.tokens) }, sql, args...)
	if err != nil {
		return nil, err
	}
	out := map[string][][]byte{}
	seen := map[string]bool{}
	for _, l := range lines {
		for _, t := range l.tokens {
			if k := l.interaction + string(t); !seen[k] {
				seen[k] = true
				out[l.interaction] = append(out[l.interaction], t)
			}
		}
	}
	return out, nil
}

// talking are the conversations not in the index yet that have all of the tokens.
func (tx *Tx) talking(tokens [][]byte) ([]string, error) {
	bits := make(map[string]uint32, len(tokens))
	for i, t := range tokens {
		bits[string(t)] = 1 << i
	}
	all := uint32(1)<<len(tokens) - 1
	type line struct {
		interaction string
		tokens      tokenList
	}
	lines, err := list(tx, func(r row, l *line) error { return r.Scan(&l.interaction, &l.tokens) },
		`SELECT m.interaction_id, m.tokens FROM chats c CROSS JOIN messages m
		WHERE c.tenant_id = $1 AND c.indexed < 2 AND m.tenant_id = c.tenant_id AND m.interaction_id = c.interaction_id AND m.tokens <> $2`, string(tx.scope.Tenant), []byte{})
	if err != nil {
		return nil, err
	}
	have := map[string]uint32{}
	var out []string
	for _, l := range lines {
		before := have[l.interaction]
		now := before
		for _, t := range l.tokens {
			now |= bits[string(t)]
		}
		if have[l.interaction] = now; now == all && before != all {
			out = append(out, l.interaction)
		}
	}
	slices.Sort(out)
	return out, nil
}

// rowsAtOnce is how many rows one statement takes at most.
const rowsAtOnce = 32

// index adds rows to the search index, in its order; those it has are left.
func (tx *Tx) index(pairs []pair) error {
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(bytes.Compare(a.token, b.token), cmp.Compare(a.interaction, b.interaction))
	})
	for some := range slices.Chunk(pairs, rowsAtOnce) {
		args := make([]any, 1, 2*len(some)+1)
		args[0] = string(tx.scope.Tenant)
		for _, p := range some {
			args = append(args, raw(p.token), p.interaction)
		}
		if _, err := tx.exec(indexTexts()[len(some)], args...); err != nil {
			return err
		}
	}
	return nil
}

// unindex takes tokens of an interaction out of the search index.
func (tx *Tx) unindex(interactionID string, tokens [][]byte) error {
	for some := range slices.Chunk(tokens, rowsAtOnce) {
		args := make([]any, 2, len(some)+2)
		args[0], args[1] = string(tx.scope.Tenant), interactionID
		for _, t := range some {
			args = append(args, raw(t))
		}
		if _, err := tx.exec(unindexTexts()[len(some)], args...); err != nil {
			return err
		}
	}
	return nil
}

// waitingTexts and those below are the statements for 1, 2, … rows; each is
// written once and kept prepared.
var waitingTexts = sync.OnceValue(func() []string {
	return rowTexts("SELECT interaction_id, tokens FROM messages WHERE tenant_id = $1 AND interaction_id IN (", second, ")")
})

var indexedTexts = sync.OnceValue(func() []string {
	return rowTexts("UPDATE chats SET indexed = 2 WHERE tenant_id = $1 AND interaction_id IN (", second, ")")
})

func second(i int) string { return fmt.Sprintf("$%d", i+2) }

var indexTexts = sync.OnceValue(func() []string {
	return rowTexts("INSERT INTO message_tokens (tenant_id, token, interaction_id) VALUES ", func(i int) string { return fmt.Sprintf("($1, $%d, $%d)", 2*i+2, 2*i+3) },
		" ON CONFLICT (tenant_id, token, interaction_id) DO NOTHING")
})

var unindexTexts = sync.OnceValue(func() []string {
	return rowTexts("DELETE FROM message_tokens WHERE tenant_id = $1 AND interaction_id = $2 AND token IN (", func(i int) string { return fmt.Sprintf("$%d", i+3) }, ")")
})

func rowTexts(head string, each func(i int) string, tail string) []string {
	out := make([]string, rowsAtOnce+1)
	for n := 1; n <= rowsAtOnce; n++ {
		marks := make([]string, n)
		for i := range marks {
			marks[i] = each(i)
		}
		out[n] = head + strings.Join(marks, ", ") + tail
	}
	return out
}

// tokenList is a message's tokens in one BYTEA: each as its length and its bytes.
type tokenList [][]byte

func packTokens(tokens [][]byte) []byte {
	size := 0
	for _, t := range tokens {
		size += 1 + len(t)
	}
	out := make([]byte, 0, size)
	for _, t := range tokens {
		t = t[:min(len(t), 255)]
		out = append(append(out, byte(len(t))), t...)
	}
	return out
}

// Scan is the reverse of packTokens.
func (l *tokenList) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok && src != nil {
		return fmt.Errorf("store: a column has a %T where tokens are expected", src)
	}
	*l = nil
	b = append([]byte(nil), b...)
	for len(b) > 0 {
		n := 1 + int(b[0])
		if n > len(b) {
			return fmt.Errorf("store: a list of tokens is cut")
		}
		*l = append(*l, b[1:n:n])
		b = b[n:]
	}
	return nil
}
