package bus

import (
	"errors"
	"fmt"
	"strings"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// startEmbedded starts a NATS server in the process. It listens nowhere, keeps
// nothing on disk and leaves signals to the program.
func startEmbedded(name string) (*natsserver.Server, error) {
	s, err := natsserver.NewServer(&natsserver.Options{
		ServerName:            name,
		DontListen:            true,
		NoSigs:                true,
		NoLog:                 true,
		MaxPayload:            MaxEvent + 64<<10,
		MaxPending:            256 << 20,
		WriteDeadline:         10 * time.Second,
		DisableShortFirstPing: true,
	})
	if err != nil {
		return nil, fmt.Errorf("making the message server: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		s.Shutdown()
		return nil, errors.New("the message server did not start in 10 s")
	}
	return s, nil
}

func splitURLs(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
