package sip

import (
	"bytes"
	"fmt"
	"net"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip/torture"
	"nubitalk/internal/channel/voice/sip/wire"
)

// TestTortureOverASocket sends every message of RFC 4475 as a datagram and reads
// what comes back.
func TestTortureOverASocket(t *testing.T) {
	all, err := torture.Cases()
	if err != nil {
		t.Fatal(err)
	}
	e := start(t, Config{Realm: "test", Limits: Limits{RefusalsPerSource: 1000}}, &owner{admit: func(a Arrival) Admission {
		if a.Method == wire.Register {
			return Challenge()
		}
		return Admit()
	}})
	c, err := net.Dial("udp", e.Address(0))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 65536)
	// answer reads the next final response: its code and whether it repeats the
	// Call-ID. Refusals of calls are repeated, as nothing acknowledges them.
	answered := map[string]bool{}
	answer := func() (code int, call string) {
		t.Helper()
		for {
			_ = c.SetReadDeadline(time.Now().Add(patience))
			n, err := c.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fmt.Sscanf(string(buf[:n]), "SIP/2.0 %d", &code); err != nil {
				t.Fatal(err)
			}
			call = callOf(buf[:n])
			if code >= 200 && !answered[call] {
				answered[call] = true
				return code, call
			}
		}
	}
	probe := 0
	for _, tc := range all {
		// An answer by rport comes to this socket, whatever the Via says.
		data := bytes.Replace(tc.Data, []byte(";branch="), []byte(";rport;branch="), 1)
		for _, via := range []string{"UDP 192.0.2.15;;", "UDP 192.0.2.5\r\n", "UDP iftgw.example.com", "TCP sip33.example.com"} {
			if !bytes.Contains(data, []byte(";rport;branch=")) || via == "TCP sip33.example.com" {
				data = bytes.Replace(data, []byte(via), []byte(via[:len(via)-len(suffix(via))]+";rport"+suffix(via)), 1)
			}
		}
		if _, err := c.Write(data); err != nil {
			t.Fatal(err)
		}
		if tc.Want == 200 && bytes.HasPrefix(data, []byte(wire.Register)) {
			tc.Want = 401 // who registers must prove who it is
		}
		if tc.Want != 0 {
			if got, call := answer(); got != tc.Want || call != callOf(data) {
				t.Errorf("%s (%s): %d, wanted %d", tc.Name, tc.Section, got, tc.Want)
			}
			continue
		}
		// Nothing comes: the next answer is that to another request.
		probe++
		fmt.Fprintf(c, "OPTIONS sip:probe SIP/2.0\r\nVia: SIP/2.0/UDP probe;rport;branch=z9hG4bKprobe%d\r\nFrom: <sip:p@probe>;tag=1\r\nTo: <sip:probe>\r\n"+
			"Call-ID: probe%d\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", probe, probe)
		if got, call := answer(); call != fmt.Sprintf("probe%d", probe) {
			t.Errorf("%s (%s): answered with %d", tc.Name, tc.Section, got)
		}
	}
	until(t, "no call is left", func() bool { return e.Stats().Calls == 0 })
}

// callOf is the Call-ID of a message that may be broken, or "".
func callOf(data []byte) string {
	for line := range bytes.SplitSeq(data, []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch string(bytes.ToLower(name)) {
		case "call-id", "i":
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

// suffix is what must stay at the end of a Via that gets a parameter.
func suffix(via string) string {
	for _, s := range []string{";;", "\r\n", ";"} {
		if len(via) > len(s) && via[len(via)-len(s):] == s {
			return s
		}
	}
	return ""
}
