package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// told is a line of the output.
type told struct {
	Listening string `json:"listening,omitempty"` // where it is
	User      string `json:"user,omitempty"`      // who got a place
	Peer      string `json:"peer,omitempty"`      // whom somebody wants to reach by it
}

func run() error {
	secret := flag.String("secret", "", "what passwords are made of")
	listen := flag.String("listen", "127.0.0.1:0", "where it is")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp4", *listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	var mu sync.Mutex
	out := json.NewEncoder(os.Stdout)
	tell := func(t told) {
		mu.Lock()
		defer mu.Unlock()
		if out.Encode(t) != nil {
			stop() // nobody listens any more
		}
	}
	server, err := turn.NewServer(turn.ServerConfig{
		Realm:         "test",
		AuthHandler:   turn.LongTermTURNRESTAuthHandler(*secret, quiet().NewLogger("turn")),
		LoggerFactory: quiet(),
		EventHandler: turn.EventHandler{
			OnAllocationCreated: func(_, _ net.Addr, _, user, _ string, _ net.Addr, _ int) { tell(told{User: user}) },
			OnPermissionCreated: func(_, _ net.Addr, _, _, _ string, _ net.Addr, peer net.IP) { tell(told{Peer: peer.String()}) },
		},
		PacketConnConfigs: []turn.PacketConnConfig{{
			PacketConn:            conn,
			RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"},
		}},
	})
	if err != nil {
		return errors.Join(fmt.Errorf("starting: %w", err), conn.Close())
	}
	tell(told{Listening: conn.LocalAddr().String()})
	<-ctx.Done()
	return server.Close()
}

func quiet() logging.LoggerFactory {
	f := logging.NewDefaultLoggerFactory()
	f.DefaultLogLevel = logging.LogLevelDisabled
	return f
}
