package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
)

// content is about what one chat message with its envelope takes.
var content = json.RawMessage(`"` + string(bytes.Repeat([]byte("x"), 600)) + `"`)

// BenchmarkEvent is one event from Publish to a subscriber of another node.
func BenchmarkEvent(b *testing.B) {
	run := func(b *testing.B, from, to *Bus) {
		got := make(chan struct{}, 4096)
		defer to.Subscribe(func(Event) { got <- struct{}{} })()
		e := Event{Tenant: acme, Kind: "message.added", Users: []string{"usr_1"}, Interaction: "int_1", Data: content, Visitor: content}
		waiting := 0
		for b.Loop() {
			if err := from.Publish(e); err != nil {
				b.Fatal(err)
			}
			for waiting++; waiting > 1000; waiting-- {
				<-got
			}
		}
		for ; waiting > 0; waiting-- {
			<-got
		}
	}
	b.Run("process", func(b *testing.B) {
		bus := open(b, Config{})
		run(b, bus, bus)
	})
	b.Run("external", func(b *testing.B) {
		_, url := cluster(b, -1)
		v := xorVault{7}
		conf := Config{URL: url, Seal: v.seal, Open: v.open}
		run(b, open(b, conf), open(b, conf))
	})
}

// BenchmarkRequest is one command and its answer.
func BenchmarkRequest(b *testing.B) {
	run := func(b *testing.B, from, to *Bus) {
		subject := "floor." + string(acme)
		cancel, err := to.Serve(subject, func(_ context.Context, data []byte) ([]byte, error) { return data, nil })
		if err != nil {
			b.Fatal(err)
		}
		defer cancel()
		for b.Loop() {
			if _, err := from.Request(b.Context(), subject, content); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("process", func(b *testing.B) {
		bus := open(b, Config{})
		run(b, bus, bus)
	})
	b.Run("external", func(b *testing.B) {
		_, url := cluster(b, -1)
		v := xorVault{7}
		conf := Config{URL: url, Seal: v.seal, Open: v.open}
		run(b, open(b, conf), open(b, conf))
	})
}
