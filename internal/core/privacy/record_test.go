package privacy

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheRecordOfProcessingIsTheInventorys(t *testing.T) {
	const file = docs + "record-of-processing.md"
	if *update {
		if err := os.WriteFile(file, []byte(Record()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(Record(), read(t, file)); diff != "" {
		t.Errorf("run: go test ./internal/core/privacy -update\n%s", diff)
	}
}

func TestTheRecordNamesEveryPlace(t *testing.T) {
	record := Record()
	for _, e := range Inventory() {
		name := e.Place
		if e.Kind == Column || e.Kind == Key {
			_, name, _ = strings.Cut(name, ".")
		}
		if !strings.Contains(record, cell(name)) {
			t.Errorf("the record lacks %s %s", e.Kind, e.Place)
		}
	}
}
