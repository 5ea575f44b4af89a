package storetest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Server is a PostgreSQL server of one test, which may stop and start it. What
// it acknowledged outlives a stop, as in an installation.
type Server struct {
	tb             testing.TB
	bin, dir, data string
	as             *syscall.SysProcAttr
	options        []string
	running        *exec.Cmd
}

// TLS is how a server is reached by TCP, by whoever shows a certificate.
type TLS struct {
	Address          string // of loopback, nobody else's; its port is 5432
	Certificate, Key string // PEM files of the server
	Authority        string // PEM file of who signs the certificates of logins
}

// NewTLSServer is NewServer of one that also listens on an address of its own, with TLS,
// and lets in there whom a certificate names that its authority signed, and nobody else.
func NewTLSServer(tb testing.TB, t TLS) *Server {
	tb.Helper()
	return newServer(tb, func(s *Server) error {
		own := func(name string, content []byte) error {
			path := filepath.Join(s.data, name)
			if err := os.WriteFile(path, content, 0o600); err != nil || s.as.Credential == nil {
				return err
			}
			return os.Chown(path, int(s.as.Credential.Uid), int(s.as.Credential.Gid))
		}
		for name, from := range map[string]string{"tls.pem": t.Certificate, "tls.key": t.Key, "authority.pem": t.Authority} {
			content, err := os.ReadFile(from)
			if err == nil {
				err = own(name, content)
			}
			if err != nil {
				return err
			}
		}
		s.options = []string{"-c", "listen_addresses=" + t.Address, "-c", "ssl=on", "-c", "ssl_cert_file=tls.pem", "-c", "ssl_key_file=tls.key", "-c", "ssl_ca_file=authority.pem"}
		return own("pg_hba.conf", []byte("local all all trust\nhostssl all all 127.0.0.0/8 cert clientcert=verify-full\n"))
	})
}

// NewServer makes and starts a server; it ends with the test.
func NewServer(tb testing.TB) *Server {
	tb.Helper()
	return newServer(tb, func(s *Server) error {
		s.options = []string{"-c", "listen_addresses="}
		return nil
	})
}

func newServer(tb testing.TB, prepare func(*Server) error) *Server {
	tb.Helper()
	s := &Server{tb: tb}
	var err error
	if s.bin, s.dir, s.data, s.as, err = cluster(); err != nil {
		tb.Fatalf("a private PostgreSQL is needed for this test: %v", err)
	}
	if err := prepare(s); err != nil {
		_ = os.RemoveAll(s.dir)
		tb.Fatal(err)
	}
	s.as.Pdeathsig = syscall.SIGQUIT
	tb.Cleanup(func() {
		s.Stop()
		_ = os.RemoveAll(s.dir)
	})
	s.Start()
	return s
}

// URL is that of a new, empty database, for its owner.
func (s *Server) URL() string {
	s.tb.Helper()
	if err := admin(s.tb.Context(), s.dir, "CREATE DATABASE restarted OWNER "+Owner); err != nil {
		s.tb.Fatal(err)
	}
	return url(s.dir, Owner, "restarted")
}

// Start starts the server and waits until it answers.
func (s *Server) Start() {
	s.tb.Helper()
	c := exec.Command(filepath.Join(s.bin, "postgres"), append(s.options, "-D", s.data, "-k", s.dir, "-c", "fsync=off", "-c", "max_connections=100", "-c", "shared_buffers=64MB", "-c", "log_min_messages=fatal")...)
	c.SysProcAttr, c.Dir = s.as, s.dir
	if err := c.Start(); err != nil {
		s.tb.Fatal(err)
	}
	s.running = c
	if err := ready(s.dir); err != nil {
		s.tb.Fatal(err)
	}
}

// Stop ends the server at once: it cuts whoever is connected, and recovers from
// its log at the next start.
func (s *Server) Stop() {
	if s.running == nil {
		return
	}
	if err := s.running.Process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.tb.Error(err)
	}
	_ = s.running.Wait() // it ends with a status of its own
	s.running = nil
}
