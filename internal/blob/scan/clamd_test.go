package scan_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nubitalk/internal/blob/scan"
	"nubitalk/internal/blob/scan/scantest"
)

func asked(t *testing.T, c *scantest.Clamd, file []byte) (string, error) {
	t.Helper()
	s, err := scan.New(c.Address)
	if err != nil {
		t.Fatal(err)
	}
	return s.Scan(t.Context(), file)
}

func TestScan(t *testing.T) {
	dir, err := os.MkdirTemp("", "clamd") // t.TempDir may be too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for name, address := range map[string]string{"tcp": "tcp://127.0.0.1:0", "unix": "unix://" + filepath.Join(dir, "clamd.ctl")} {
		t.Run(name, func(t *testing.T) {
			c := scantest.Start(t, address)
			large := bytes.Repeat([]byte("0123456789abcdef"), 20<<10) // in several pieces
			for _, one := range []struct {
				file  []byte
				found string
			}{
				{nil, ""},
				{[]byte("hello"), ""},
				{large, ""},
				{[]byte("zINSTREAM\x00\x00\x00\x00\x00"), ""}, // what a file says is no command
				{[]byte(scantest.Harmful), scantest.Name},
				{append(large, scantest.Harmful...), scantest.Name},
			} {
				if found, err := asked(t, c, one.file); found != one.found || err != nil {
					t.Errorf("%d octets: %q %v", len(one.file), found, err)
				}
				if got := c.Last(); !bytes.Equal(got, one.file) {
					t.Errorf("of %d octets the scanner got %d", len(one.file), len(got))
				}
			}
		})
	}
}

// Whatever is no clear word is an error, so that nobody takes it for a clean file.
func TestNoVerdictIsNoCleanFile(t *testing.T) {
	c := scantest.Start(t, "tcp://127.0.0.1:0")
	for _, answer := range []string{"", "\x00", "OK", "stream:OK", "stream: OK FOR NOW", "INSTREAM size limit exceeded. ERROR", "stream: Can't allocate memory ERROR",
		"UNKNOWN COMMAND", "FOUND", strings.Repeat("x", 9000)} {
		c.Answer(answer)
		if found, err := asked(t, c, []byte("hello")); err == nil || found != "" {
			t.Errorf("%q: %q %v", answer, found, err)
		}
	}
	c.Answer("stream: Win.\nTest\x1b[31m\u202e FOUND")
	if found, err := asked(t, c, []byte("hello")); err != nil || found != "Win.?Test?[31m?" {
		t.Errorf("%q %v", found, err)
	}
	c.Answer("stream:  FOUND")
	if found, err := asked(t, c, []byte("hello")); err != nil || found != "unnamed" {
		t.Errorf("%q %v", found, err)
	}
}

// A scanner that takes no more has said why, and is heard.
func TestAnAnswerBeforeTheEnd(t *testing.T) {
	c := scantest.Start(t, "tcp://127.0.0.1:0")
	c.Most(1000)
	_, err := asked(t, c, make([]byte, 8<<20))
	if err == nil {
		t.Error("a file that was not looked into whole is clean")
	}
}

func TestAScannerThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "tcp://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{address, "unix:///nowhere/clamd.ctl"} {
		s, err := scan.New(address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Scan(t.Context(), []byte("hello")); err == nil {
			t.Errorf("%s answered", address)
		}
	}
	for _, address := range []string{"", "clamd", "tcp://127.0.0.1", "tcp://127.0.0.1:1/x", "http://127.0.0.1:1", "unix://host/x", "unix://", "%"} {
		if _, err := scan.New(address); err == nil {
			t.Errorf("%q is an address", address)
		}
	}
}

// Whoever asked and has gone waits for nobody.
func TestAScannerThatIsSilent(t *testing.T) {
	c := scantest.Start(t, "tcp://127.0.0.1:0")
	heard := c.Silent()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := scan.New(c.Address)
	if err != nil {
		t.Fatal(err)
	}
	go func() { <-heard; cancel() }()
	if _, err := s.Scan(ctx, []byte("hello")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
