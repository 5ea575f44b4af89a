package blobtest

import (
	"io"
	"net"
	"sync"
)

// wire passes connections on, but while it is cut: then it ends each at once. Its
// port stays its own all the while, so that nobody else is met there.
type wire struct {
	net.Listener
	to  string
	all sync.WaitGroup

	mu   sync.Mutex
	cut  bool
	ends map[net.Conn]bool
}

// lay lays a wire to an address, cut.
func lay(to string) (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{Listener: l, to: to, cut: true, ends: map[net.Conn]bool{}}
	w.all.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			w.join(near)
		}
	})
	return w, nil
}

// join passes on what comes from near, and what comes back.
func (w *wire) join(near net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		_ = near.(*net.TCPConn).SetLinger(0) // a reset, as where nobody listens
		_ = near.Close()
		return
	}
	far, err := net.Dial("tcp", w.to)
	if err != nil {
		_ = near.Close()
		return
	}
	ends := []net.Conn{near, far}
	for i, c := range ends {
		w.ends[c] = true
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

// set cuts the wire, or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	for c := range w.ends {
		if cut {
			_ = c.Close()
		}
	}
}

// end takes the wire away.
func (w *wire) end() {
	w.set(true)
	_ = w.Close()
	w.all.Wait()
}
