package scantest

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Harmful is what it finds in a file, by this Name. It is no virus, and no test file that
// scanners know, which would have them delete the tests.
const (
	Harmful = "THIS-IS-THE-HARM-OF-A-TEST"
	Name    = "Nubitalk.Test-1"
)

// Clamd is one that listens at Address until the test ends.
type Clamd struct {
	Address string

	mu     sync.Mutex
	last   []byte
	most   int
	says   *string
	silent chan struct{}
	files  int
}

// Start listens at unix:///PATH or tcp://HOST:PORT.
func Start(t testing.TB, address string) *Clamd {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen(u.Scheme, u.Host+u.Path)
	if err != nil {
		t.Fatal(err)
	}
	c := &Clamd{Address: u.Scheme + "://" + l.Addr().String(), most: 64 << 20}
	var open sync.WaitGroup
	var mu sync.Mutex
	conns := map[net.Conn]bool{}
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns[conn] = true
			mu.Unlock()
			open.Go(func() { c.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for conn := range conns {
			_ = conn.Close() // also of who is silent
		}
		mu.Unlock()
		open.Wait()
	})
	return c
}

// Answer is what it says from now on, whatever it is sent.
func (c *Clamd) Answer(says string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.says = &says
}

// Most is how much of a file it takes (StreamMaxLength).
func (c *Clamd) Most(octets int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most = octets
}

// Silent has it take files and say nothing; it tells when it has one.
func (c *Clamd) Silent() (heard <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent = make(chan struct{}, 100)
	return c.silent
}

// Last is the last file that it was sent.
func (c *Clamd) Last() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Files is how many it was sent.
func (c *Clamd) Files() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.files
}

func (c *Clamd) serve(conn net.Conn) {
	answer, silent := c.take(conn)
	if silent != nil {
		silent <- struct{}{}
		_, _ = io.Copy(io.Discard, conn) // until the other side has gone
	} else {
		_, _ = io.WriteString(conn, answer+"\x00")
	}
	_ = conn.Close() // was answered
}

// take reads one command and its file.
func (c *Clamd) take(conn net.Conn) (answer string, silent chan struct{}) {
	command := make([]byte, len("zINSTREAM\x00"))
	if _, err := io.ReadFull(conn, command); err != nil || string(command) != "zINSTREAM\x00" {
		return "UNKNOWN COMMAND", nil
	}
	c.mu.Lock()
	most := c.most
	c.mu.Unlock()
	file := []byte{}
	for {
		var length [4]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return "INSTREAM read error. ERROR", nil
		}
		n := int(binary.BigEndian.Uint32(length[:]))
		if n == 0 {
			break
		}
		if len(file)+n > most {
			return "INSTREAM size limit exceeded. ERROR", nil
		}
		piece := make([]byte, n)
		if _, err := io.ReadFull(conn, piece); err != nil {
			return "INSTREAM read error. ERROR", nil
		}
		file = append(file, piece...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.files = file, c.files+1
	switch {
	case c.silent != nil:
		return "", c.silent
	case c.says != nil:
		return strings.TrimSuffix(*c.says, "\x00"), nil
	case bytes.Contains(file, []byte(Harmful)):
		return "stream: " + Name + " FOUND", nil
	}
	return "stream: OK", nil
}
