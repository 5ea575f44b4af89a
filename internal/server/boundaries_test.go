package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Where a message ends is said in one way, or the message is refused and its connection
// with it: nothing that somebody sent as a body is ever read as the next request
// (RFC 9112, section 6.3).
func TestABodyIsNoSecondRequest(t *testing.T) {
	c := settings(t, t.TempDir())
	c.TLS.Mode = "off"
	n := start(t, c, nil)
	host := strings.TrimPrefix(n.URL(), "http://")
	const smuggled = "GET /readyz?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, one := range map[string]struct {
		head, body string
		answers    []int // of each request that was seen
	}{
		"one length":                  {fmt.Sprintf("Content-Length: %d", len(smuggled)), smuggled, []int{401}},
		"chunks":                      {"Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled), []int{401}},
		"a length beside chunks":      {"Content-Length: 4\r\nTransfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled), []int{401}},
		"chunks beside a length":      {"Transfer-Encoding: chunked\r\nContent-Length: 3", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled), []int{401}},
		"two lengths":                 {"Content-Length: 0\r\nContent-Length: 44", smuggled, []int{400}},
		"a length in two":             {"Content-Length: 0, 44", smuggled, []int{400}},
		"a length with a sign":        {"Content-Length: +0", smuggled, []int{400}},
		"a length in hexadecimal":     {"Content-Length: 0x0", smuggled, []int{400}},
		"a length below nothing":      {"Content-Length: -1", smuggled, []int{400}},
		"two ways to transfer":        {"Transfer-Encoding: identity, chunked", "0\r\n\r\n" + smuggled, []int{501}},
		"twice chunked":               {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n" + smuggled, []int{501}},
		"an unknown way":              {"Transfer-Encoding: xchunked", "0\r\n\r\n" + smuggled, []int{501}},
		"a blank before the colon":    {"Transfer-Encoding : chunked\r\nContent-Length: 0", smuggled, []int{400}},
		"a name in two lines":         {"Content-Length:\r\n 44\r\nX", smuggled, []int{400}},
		"a sign of a chunk's size":    {"Transfer-Encoding: chunked", "+0\r\n\r\n" + smuggled, []int{401}},
		"a chunk longer than told":    {"Transfer-Encoding: chunked", "1\r\nab\r\n0\r\n\r\n" + smuggled, []int{401}},
		"a size that does not end":    {"Transfer-Encoding: chunked", "fffffffffffffffff\r\n" + smuggled, []int{401}},
		"no host":                     {"Host:\r\nContent-Length: 0", smuggled, []int{400}},
		"a zero in a header":          {"X: a\x00b\r\nContent-Length: 0", smuggled, []int{400}},
		"a return without a new line": {"X: a\rContent-Length: 44\r\nContent-Length: 0", smuggled, []int{400}},
	} {
		t.Run(name, func(t *testing.T) {
			got := spoken(t, host, "POST /api/v1/me/confirm HTTP/1.1\r\nHost: "+host+"\r\nContent-Type: application/json\r\n"+one.head+"\r\n\r\n"+one.body)
			if fmt.Sprint(got) != fmt.Sprint(one.answers) {
				t.Errorf("%v, want %v", got, one.answers)
			}
		})
	}
}

// spoken sends octets as they are, and nothing after them, and gives the status of each
// answer.
func spoken(t *testing.T, host, octets string) (statuses []int) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(5*time.Minute)))
	_, err = io.WriteString(conn, octets)
	must(t, err)
	must(t, conn.(*net.TCPConn).CloseWrite())
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadResponse(in, nil)
		if err != nil { // it was closed, with what was left unread or without
			return statuses
		}
		_, _ = io.Copy(io.Discard, r.Body) // ends with the connection at the latest
		_ = r.Body.Close()                 // was read
		statuses = append(statuses, r.StatusCode)
	}
}
