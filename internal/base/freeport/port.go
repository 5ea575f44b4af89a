package freeport

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// Ports are asked for below those that Linux (32768) and others (49152) give to who asks
// for any: no connection that somebody makes between the question and the program's start
// takes it.
const first, past = 10000, 20000

// Port is an even port of 127.0.0.1 on which nobody listens by TCP or UDP now, as is the
// next, which SIP programs take for TLS and media for RTCP. No other process that asks here
// is given it while this one lives.
func Port() (int, error) {
	for range past - first {
		if port := first + 2*rand.IntN((past-first)/2); reserve(port) {
			if free(port) && free(port+1) {
				return port, nil
			}
		}
	}
	return 0, errors.New("no port of 127.0.0.1 is free")
}

// Address is Port with its host.
func Address() (string, error) {
	port, err := Port()
	return at(port).String(), err
}

func at(port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
}

// reserved are the marks of this process: listeners on another address of this machine
// alone, which end with it, however that is.
var reserved struct {
	sync.Mutex
	marks []net.Listener
}

// reserve says whether the port is this caller's from now on.
func reserve(port int) bool {
	mark, err := net.Listen("tcp", netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 77}), uint16(port)).String())
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		return true // a system with 127.0.0.1 alone: what is free now has to do
	}
	if err != nil {
		return false
	}
	reserved.Lock()
	defer reserved.Unlock()
	reserved.marks = append(reserved.marks, mark)
	return true
}

func free(port int) bool {
	stream, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(at(port)))
	if err != nil {
		return false
	}
	datagrams, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at(port)))
	if err != nil {
		_ = stream.Close()
		return false
	}
	return errors.Join(stream.Close(), datagrams.Close()) == nil
}
