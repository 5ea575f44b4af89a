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
	running        *exec.Cmd
}

// NewServer makes and starts a server; it ends with the test.
func NewServer(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb}
	var err error
	if s.bin, s.dir, s.data, s.as, err = cluster(); err != nil {
		tb.Fatalf("a private PostgreSQL is needed for this test: %v", err)
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
	c := exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data, "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=100", "-c", "shared_buffers=64MB", "-c", "log_min_messages=fatal")
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
