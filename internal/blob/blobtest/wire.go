package blobtest

import (
	"io"
	"net"
	"sync"
)

// wire passes connections on until it is cut.
type wire struct {
	listener net.Listener
	all      sync.WaitGroup

	mu   sync.Mutex
	gone bool
	ends map[net.Conn]bool
}

func lay(from, to string) (*wire, error) {
	l, err := net.Listen("tcp", from)
	if err != nil {
		return nil, err
	}
	w := &wire{listener: l, ends: map[net.Conn]bool{}}
	w.all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			w.join(near, far)
		}
	})
	return w, nil
}

func (w *wire) join(ends ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, c := range ends {
		w.ends[c] = true
		if w.gone {
			_ = c.Close()
		}
		other := ends[1-i]
		w.all.Go(func() {
			_, _ = io.Copy(other, c) // ends when either does
			_, _ = other.Close(), c.Close()
			w.mu.Lock()
			delete(w.ends, c)
			w.mu.Unlock()
		})
	}
}

func (w *wire) cut() {
	_ = w.listener.Close()
	w.mu.Lock()
	w.gone = true
	for c := range w.ends {
		_ = c.Close()
	}
	w.mu.Unlock()
	w.all.Wait()
}
