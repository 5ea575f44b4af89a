package store_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// crashFile tells this test's own program, started again as a child, to write
// into a database until it is killed.
const crashFile = "NUBITALK_TEST_CRASH_FILE"

const crashWriters = 8

// TestCrashChild is the child of TestKill; started in any other way it has
// nothing to do.
func TestCrashChild(t *testing.T) {
	path := os.Getenv(crashFile)
	if path == "" {
		return
	}
	db := storetest.Reopen(t, store.Config{Driver: store.SQLite, DSN: path})
	said := make(chan string)
	for w := range crashWriters {
		go func() {
			for {
				client := fmt.Sprint(rand.Uint64())
				var m store.MessageRow
				err := db.Write(t.Context(), tenA, func(tx *store.Tx) (err error) {
					m, _, err = say(tx, fmt.Sprintf("int_%d", w%3), fmt.Sprintf("usr_%d", w), client)
					return err
				})
				if err != nil {
					said <- "failed: " + err.Error()
					return
				}
				said <- fmt.Sprintf("acked %s %d %s %s", m.InteractionID, m.Seq, m.AuthorID, client)
			}
		}()
	}
	for line := range said {
		fmt.Println(line)
	}
}

// Whatever was acknowledged before a kill -9 is there afterwards, once, and the
// numbers have no gaps.
func TestKill(t *testing.T) {
	c := storetest.Config(t, store.SQLite)
	db := storetest.Reopen(t, c)
	storetest.Organisations(t, db, tenA)
	for i := range 3 {
		talk(t, db, tenA, "con_1", fmt.Sprintf("int_%d", i), t0)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	acked := map[string]map[int64]string{}
	total := 0
	for round := range 5 {
		child := exec.Command(os.Args[0], "-test.run=^TestCrashChild$")
		child.Env = append(os.Environ(), crashFile+"="+c.DSN)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for enough := 50 + rand.IntN(200); enough > 0 && lines.Scan(); enough-- {
			var interaction, author, client string
			var seq int64
			if n, _ := fmt.Sscanf(lines.Text(), "acked %s %d %s %s", &interaction, &seq, &author, &client); n != 4 {
				t.Fatalf("the child said: %s", lines.Text())
			}
			if acked[interaction] == nil {
				acked[interaction] = map[int64]string{}
			}
			if other, twice := acked[interaction][seq]; twice {
				t.Errorf("%s %d was given to %s and %s", interaction, seq, other, author+client)
			}
			acked[interaction][seq] = author + client
			total++
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // said before the kill took effect
			var interaction, author, client string
			var seq int64
			if n, _ := fmt.Sscanf(lines.Text(), "acked %s %d %s %s", &interaction, &seq, &author, &client); n == 4 {
				acked[interaction][seq] = author + client
			}
		}
		_ = child.Wait()
		check := storetest.Reopen(t, c)
		intact(t, check)
		for interaction, seqs := range acked {
			kept := conversationOf(t, check, interaction)
			for seq, who := range seqs {
				if int64(len(kept)) < seq || kept[seq-1].AuthorID+kept[seq-1].ClientID != who {
					t.Fatalf("round %d: %s %d of %s was acknowledged and lost", round, interaction, seq, who)
				}
			}
		}
		if err := check.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if total < 250 {
		t.Errorf("only %d messages were acknowledged", total)
	}
}

// conversationOf reads a whole conversation and fails on a gap.
func conversationOf(t *testing.T, db *store.DB, interaction string) (out []store.MessageRow) {
	t.Helper()
	read(t, db, tenA, func(tx *store.Tx) (err error) {
		if out, err = tx.Messages(interaction, 0, 0, 1_000_000); err != nil {
			return err
		}
		for i, m := range out {
			if m.Seq != int64(i+1) {
				t.Fatalf("%s: message %d has number %d", interaction, i+1, m.Seq)
			}
		}
		c, err := tx.Chat(interaction)
		if c.LastSeq != int64(len(out)) {
			t.Fatalf("%s: %d messages, last is %d", interaction, len(out), c.LastSeq)
		}
		return err
	})
	return out
}

func intact(t *testing.T, db *store.DB) {
	t.Helper()
	read(t, db, tenA, func(tx *store.Tx) error {
		rows, err := tx.RawRows(1, "PRAGMA integrity_check")
		same(t, "integrity", [][]string{{"ok"}}, rows)
		return err
	})
}

// A copy of the files in the middle of a transaction, with the end of the log
// torn off or overwritten, opens as some earlier state: whole transactions, in
// their order.
func TestTornLog(t *testing.T) {
	c := storetest.Config(t, store.SQLite)
	db := storetest.Reopen(t, c)
	storetest.Organisations(t, db, tenA)
	talk(t, db, tenA, "con_1", "int_1", t0)
	const n = 30
	for i := range n {
		write(t, db, tenA, func(tx *store.Tx) error { _, _, err := say(tx, "int_1", "usr_1", fmt.Sprint(i)); return err })
	}
	var main, log []byte
	write(t, db, tenA, func(tx *store.Tx) error { // nobody else writes now
		if _, _, err := say(tx, "int_1", "usr_1", "under way"); err != nil {
			return err
		}
		main, log = contents(t, c.DSN), contents(t, c.DSN+"-wal")
		return nil
	})
	if len(log) < n*4096 {
		t.Fatalf("the log has only %d bytes", len(log))
	}
	random := rand.New(rand.NewPCG(7, 9))
	seen := map[int]bool{}
	for i := range 25 {
		torn := log
		if i > 0 {
			torn = append([]byte(nil), log[:random.IntN(len(log))]...)
			for j := max(0, len(torn)-random.IntN(3000)); j < len(torn); j++ {
				torn[j] = byte(random.Uint32())
			}
		}
		copied := storetest.Config(t, store.SQLite)
		put(t, copied.DSN, main)
		put(t, copied.DSN+"-wal", torn)
		again := storetest.Reopen(t, copied)
		intact(t, again)
		columns, err := again.Columns(t.Context())
		if err != nil || len(columns) == 0 {
			t.Fatal(err)
		}
		var kept int
		read(t, again, tenA, func(tx *store.Tx) error {
			rows, err := tx.Messages("int_1", 0, 0, 1000)
			for i, m := range rows {
				if m.Seq != int64(i+1) || m.ClientID != fmt.Sprint(i) {
					t.Fatalf("message %d: %+v", i+1, m)
				}
			}
			kept = len(rows)
			return err
		})
		seen[kept] = true
		if i == 0 && kept != n {
			t.Errorf("an intact copy has %d of %d messages", kept, n)
		}
	}
	if len(seen) < 5 {
		t.Errorf("only the states %v were seen", seen)
	}
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
