package media_test

import (
	"testing"

	"nubitalk/internal/media"
	"nubitalk/internal/media/g711"
)

// videoPage is a visitor and an agent in one page, each with a connection of its
// own; it says how much of the other each of them has seen.
const videoPage = `<!doctype html><script type="module">
const say = (what) => fetch("/say", { method: "POST", body: JSON.stringify(what) });
try {
  const camera = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240, frameRate: 15 } });
  const open = async (path) => {
    const peer = new RTCPeerConnection();
    for (const track of camera.getTracks()) peer.addTrack(track, camera);
    peer.ontrack = (e) => {
      const element = document.createElement(e.track.kind);
      element.srcObject = new MediaStream([e.track]);
      element.muted = true;
      document.body.append(element);
      element.play();
    };
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await (await fetch(path, { method: "POST", body: peer.localDescription.sdp })).text();
    await peer.setRemoteDescription({ type: "answer", sdp: answer });
    return peer;
  };
  const seen = async (peer) => {
    const s = [...(await peer.getStats()).values()].find((s) => s.type === "inbound-rtp" && s.kind === "video") ?? {};
    return s.framesDecoded ?? 0;
  };
  const visitor = await open("/offer"), agent = await open("/offer2");
  for (;;) {
    await new Promise((r) => setTimeout(r, 200));
    await say({ visitor: await seen(visitor), agent: await seen(agent) });
  }
} catch (e) { say({ fault: String(e) }); }
</script>`

// TestChromiumVideo is a visitor and an agent who see each other; a voice leg
// that is not allowed video answers without it.
func TestChromiumVideo(t *testing.T) {
	h := host(t, media.Config{})
	visitor, desk := newAgent(t, h, g711.A), newAgent(t, h, g711.A)
	visitor.AllowVideo()
	desk.AllowVideo()
	bridge := h.NewBridge()
	join(t, bridge, visitor, media.Talk)
	join(t, bridge, desk, media.Talk)
	heard, _ := chromium(t, videoPage, 900, visitor, desk)
	until(t, heard, "pictures both ways", func(s said) bool { return s.Visitor > 20 && s.Agent > 20 })
	bridge.SetRole(visitor, media.Hold) // sees nothing, is not seen
	var last said
	still := 0
	held := until(t, heard, "the end of pictures", func(s said) bool {
		if still++; s != last {
			still = 0
		}
		last = s
		return still == 4
	})
	bridge.SetRole(visitor, media.Talk)
	until(t, heard, "pictures after the hold", func(s said) bool { return s.Visitor > held.Visitor+20 && s.Agent > held.Agent+20 })
}
