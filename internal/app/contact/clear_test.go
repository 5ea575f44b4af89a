package contact_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"nubitalk/internal/app/contact"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/privacy/canary"
	"nubitalk/internal/store"
)

// Every file of the data folder, while the program runs and has written a
// person, corrected and erased another.
func TestNothingIsStoredInTheClear(t *testing.T) {
	f := open(t, store.SQLite)
	scan, err := canary.New(canary.Canary{Name: "name", Value: "Conceição Vasconcelos"}, canary.Canary{Name: "email", Value: "canary.conceicao@example.org"},
		canary.Canary{Name: "number", Value: "+351210987654"}, canary.Canary{Name: "number as typed", Value: "210 987 654"}, canary.Canary{Name: "answer", Value: "a secret answer"})
	must(t, err)
	finds := func() (found []canary.Find, files int) {
		must(t, filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			files++
			r, err := os.Open(path)
			must(t, err)
			defer r.Close()
			more, err := scan.Reader(r)
			found = append(found, more...)
			return err
		}))
		return found, files
	}
	a := arrival("Conceição Vasconcelos", "email", "Canary.Conceicao@example.org", "phone", "210 987 654")
	c, _ := f.arrive(t, tenA, a)
	name := secret.New("Conceição Vasconcelos e Sá")
	_, err = f.Update(t.Context(), officer(tenA), c, f.contact(t, tenA, c).Version, contact.Change{Name: &name})
	must(t, err)
	gone := f.person(t, tenA, "other@example.org")
	_, err = f.Erase(t.Context(), officer(tenA), gone.contact)
	must(t, err)
	if found, files := finds(); len(found) > 0 || files < 4 {
		t.Errorf("in %d files: %v", files, found)
	}
	// The control: the same search does find what lies in the clear.
	must(t, f.db.Write(t.Context(), tenA, func(tx *store.Tx) error {
		return tx.InsertSetup(store.SetupRow{Kind: "labels", ID: "lab_1", Body: []byte(`{"name":"a secret answer"}`), CreatedAt: start, UpdatedAt: start})
	}))
	if found, _ := finds(); len(found) == 0 {
		t.Error("the search does not find what lies in the clear")
	}
}

func BenchmarkArrival(b *testing.B) {
	f := open(b, store.SQLite)
	must(b, f.Start(b.Context()))
	defer func() { must(b, f.Stop(context.Background())) }()
	known := arrival("Ana", "email", "ana@example.org")
	f.arrive(b, tenA, known)
	for name, next := range map[string]func(i int) channel.Arrival{
		"known": func(int) channel.Arrival { return known },
		"new":   func(i int) channel.Arrival { return arrival("Ana", "email", "a"+strconv.Itoa(i)+"@example.org") },
	} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				f.arrive(b, tenA, next(i))
			}
		})
	}
}
