package media

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// screen records what a view sends.
type screen struct{ all []rtp.Header }

func (s *screen) WriteRTP(h *rtp.Header, _ []byte) (int, error) {
	s.all = append(s.all, *h)
	return 0, nil
}
func (s *screen) Write([]byte) (int, error) { return 0, nil }

func film(ssrc uint32, sequence uint16, timestamp uint32) *picture {
	return &picture{packet: packet{ssrc: ssrc, sequence: sequence, timestamp: timestamp, payload: []byte{1}}, codec: mimeVP8}
}

func views() (*view, *screen) {
	s := &screen{}
	return &view{writer: s, ssrc: 7, types: map[string]uint8{mimeVP8: 96}}, s
}

func TestVideoIsOneStreamAndNoNumberIsUsedTwice(t *testing.T) {
	v, s := views()
	a, b := &line{}, &line{}
	for i := range 3000 {
		n := uint16(60_000 + i)
		if i%10 == 3 {
			continue // lost …
		}
		v.relay(a, film(1, n, uint32(i)*3000), time.Duration(i)*33*ms)
		if i > 200 && i%10 == 5 {
			v.relay(a, film(1, n-102, uint32(i-102)*3000), 0) // … and sent again
			v.relay(a, film(1, n-102, uint32(i-102)*3000), 0)
		}
		if i%500 == 499 {
			v.relay(b, film(2, uint16(i), 5), time.Duration(i)*33*ms)
		}
	}
	seen := map[uint64]bool{}
	index := uint64(s.all[0].SequenceNumber)
	for _, h := range s.all {
		index += uint64(int64(int16(h.SequenceNumber - uint16(index))))
		if seen[index] || h.SSRC != 7 || h.PayloadType != 96 {
			t.Fatalf("number %d: %+v", index, h)
		}
		seen[index] = true
	}
	if len(s.all) < 2900 {
		t.Errorf("%d packets", len(s.all))
	}
	v.relay(a, &picture{packet: packet{ssrc: 1}, codec: "video/av1"}, 0)
	if n := len(seen); len(s.all) != n {
		t.Error("a codec that the viewer does not know was sent")
	}
}

func TestReportsOfVideoAreTranslated(t *testing.T) {
	v, s := views()
	a := &line{}
	v.relay(a, film(1, 500, 9000), 0)
	out := s.all[0]
	if r := v.forViewer(a, &rtcp.SenderReport{SSRC: 1, RTPTime: 9100}); r == nil || r.SSRC != 7 || r.RTPTime != out.Timestamp+100 {
		t.Errorf("%+v", r)
	}
	if v.forViewer(a, &rtcp.SenderReport{SSRC: 2}) != nil || v.forViewer(&line{}, &rtcp.SenderReport{SSRC: 1}) != nil {
		t.Error("somebody else's report")
	}
	r, _ := v.forTalker(&rtcp.TransportLayerNack{MediaSSRC: 7, Nacks: []rtcp.NackPair{{PacketID: out.SequenceNumber + 3, LostPackets: 5}}}, 42)
	if n, ok := r.(*rtcp.TransportLayerNack); !ok || n.MediaSSRC != 1 || n.Nacks[0].PacketID != 503 || n.Nacks[0].LostPackets != 5 || n.SenderSSRC != 42 {
		t.Errorf("%+v", r)
	}
	r, _ = v.forTalker(&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 9}, {SSRC: 7, FractionLost: 3, LastSequenceNumber: uint32(out.SequenceNumber) + 2}}}, 42)
	if n, ok := r.(*rtcp.ReceiverReport); !ok || len(n.Reports) != 1 || n.Reports[0].SSRC != 1 || uint16(n.Reports[0].LastSequenceNumber) != 502 || n.Reports[0].FractionLost != 3 {
		t.Errorf("%+v", r)
	}
	if _, whole := v.forTalker(&rtcp.PictureLossIndication{MediaSSRC: 7}, 0); !whole {
		t.Error("a whole picture was not asked for")
	}
	if r, whole := v.forTalker(&rtcp.PictureLossIndication{MediaSSRC: 8}, 0); r != nil || whole {
		t.Error("of another stream")
	}
}
