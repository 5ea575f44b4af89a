package media

import "testing"

// TestBounded has the bound stand in the video's part only, after its c= line.
func TestBounded(t *testing.T) {
	const answer = "v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n"
	const want = "v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\nb=AS:800\r\nb=TIAS:800000\r\na=mid:1\r\n"
	if got := bounded(answer, 800); got != want {
		t.Errorf("%q", got)
	}
	if got := bounded(answer, 0); got != answer {
		t.Errorf("without a bound: %q", got)
	}
}
