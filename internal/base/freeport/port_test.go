package freeport

import (
	"net"
	"testing"
)

func TestAPortThatNobodyHas(t *testing.T) {
	address, err := Address()
	if err != nil {
		t.Fatal(err)
	}
	stream, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	taken := stream.Addr().(*net.TCPAddr).Port
	if taken < first || taken >= past || taken%2 != 0 {
		t.Errorf("port %d", taken)
	}
	if free(taken) {
		t.Error("it is taken by TCP")
	}
	datagrams, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	if err := stream.Close(); err != nil {
		t.Fatal(err)
	}
	if free(taken) {
		t.Error("it is taken by UDP")
	}
}

func TestNobodyIsGivenWhatAnotherWasGiven(t *testing.T) {
	port, err := Port()
	if err != nil {
		t.Fatal(err)
	}
	if !free(port) || reserve(port) {
		t.Errorf("port %d is nobody's", port)
	}
}
