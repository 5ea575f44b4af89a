package scan

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
)

const (
	// within is how long one file may take, with the connection.
	within = 25 * time.Second
	// pieceSize is how much of a file is sent at a time.
	pieceSize = 64 << 10
	// longestAnswer is more than a clamd says of one file.
	longestAnswer = 4 << 10
	longestName   = 100
)

// Clamd is a clamd. It is safe for use by many.
type Clamd struct{ network, address string }

// New is the clamd at an address of a Unix socket or of TCP; nothing is asked of it yet.
func New(address string) (*Clamd, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme == "unix" && u.Host == "" && u.Path != "":
		return &Clamd{"unix", u.Path}, nil
	case u.Scheme == "tcp" && u.Port() != "" && u.Path == "":
		return &Clamd{"tcp", u.Host}, nil
	}
	return nil, fmt.Errorf("%q is neither unix:///PATH nor tcp://HOST:PORT", address)
}

// Scan gives the scanner's name for what is harmful in a file, "" for nothing.
func (c *Clamd) Scan(ctx context.Context, file []byte) (found string, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	answer, err := c.ask(ctx, file)
	if err != nil {
		return "", fmt.Errorf("the scanner at %s: %w", c.address, err)
	}
	return verdict(answer)
}

func (c *Clamd) ask(ctx context.Context, file []byte) (answer string, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, c.network, c.address)
	if err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // which ends what is being written and read
	defer func() {
		if stop() {
			_ = conn.Close() // everything was said
		} else if err != nil {
			err = errors.Join(ctx.Err(), err)
		}
	}()
	wrote := send(conn, file)
	said, err := io.ReadAll(io.LimitReader(conn, longestAnswer)) // it may answer before it has all, and take no more
	answer = strings.TrimRight(string(said), "\x00\n")
	if answer == "" {
		return "", errors.Join(errors.New("it gave no answer"), wrote, err)
	}
	return answer, nil
}

// send writes the command and the file: each piece behind its length of four octets, and
// a length of nothing at the end.
func send(w io.Writer, file []byte) error {
	if _, err := io.WriteString(w, "zINSTREAM\x00"); err != nil {
		return err
	}
	for len(file) > 0 {
		piece := file[:min(len(file), pieceSize)]
		file = file[len(piece):]
		if _, err := w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(piece)))); err != nil {
			return err
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
	_, err := w.Write([]byte{0, 0, 0, 0})
	return err
}

// verdict reads "stream: OK" and "stream: NAME FOUND". All else is no verdict, as
// "INSTREAM size limit exceeded. ERROR".
func verdict(answer string) (found string, err error) {
	said, ok := strings.CutPrefix(answer, "stream: ")
	if ok && said == "OK" {
		return "", nil
	}
	if name, harmful := strings.CutSuffix(said, " FOUND"); ok && harmful {
		return plain(name), nil
	}
	return "", fmt.Errorf("the scanner did not look into the file: %s", plain(answer))
}

// plain is what the scanner says, fit for a log.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	if s = s[:min(len(s), longestName)]; s == "" {
		return "unnamed"
	}
	return s
}
