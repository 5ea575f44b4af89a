// Package media is the sound of calls: everything between a packet and who hears
// whom. It knows nothing of SIP, tenants or calls; what it is told to do, it does
// at once, and what happens it tells the leg's Listener.
//
//	host := media.NewHost(media.Config{…})            // Start, Stop: one a process
//	leg, err := host.NewRTP(media.RTPConfig{…})       // a trunk or a phone
//	answer, err := leg.Answer(offer)                  // bodies of SIP; or Offer and Accept
//	desk, err := host.NewBrowser(g711.A, listener)    // an agent's browser
//	answer, err := desk.Answer(ctx, offer)            // from the page; again after a refresh
//	bridge := host.NewBridge()
//	bridge.Join(leg, media.Talk); bridge.Join(desk, media.Talk)
//	leg.Music(audio.NewLoop(pcm, 0))                  // while it hears nobody
//	leg.Play(audio.NewClip(pcm))                      // over what it hears; ends by itself
//	bridge.SetRole(leg, media.Hold)
//	leg.Close()
//
// # What a party hears
//
// A key that is pressed to it, else the prompt that plays, else those who talk in
// its bridge, else its music, else silence. Who hears exactly one other party gets
// that one's packets as they come, with octets of the other law exchanged by a
// table; everybody else gets a frame every 20 ms. A leg that has agreed on nothing
// yet, whose browser is away or that the other end has put on hold is heard by
// nobody, so the party it talks with hears its music in the meantime. The receiver
// sees one source with one time line whatever it hears, and a marker at each change.
//
// Video goes between browsers that may have it: who can sees the first of those
// whom it hears that sends any. Its packets (VP8, H.264) are passed on as they are,
// reports and requests for lost packets and whole pictures are translated both ways.
//
// A prompt that is given to a leg before media can flow waits for it. A prompt to
// a party that does not want to hear runs on unheard, so that its end comes.
//
// # Safety
//
// A leg takes packets from the negotiated address only, or from the first one that
// proves itself if it may latch, and then from there only. With SRTP, packets with
// another key and replays are counted and dropped; nothing of a stranger is ever
// forwarded. Per packet nothing is allocated and nothing is logged. Plain RTP needs
// a policy that says so (package negotiate). What a party sends with its own key is
// bounded, too: beyond twice the time that there is, and 20 seconds at once, it is
// dropped before it is opened, and counted (flood.go).
//
// # Standards
//
// RTP and RTCP (RFC 3550, 3551, 5761), SRTP (RFC 3711, 7714) by pion/srtp with
// replay protection, SDES and offer/answer in package negotiate, keys by RFC 4733
// and by ITU-T Q.24 in package dtmf, browsers by pion/webrtc (ICE, DTLS-SRTP). Opus and other codecs
// are not done: browsers speak G.711, so calls need no transcoding.
//
// # Goroutines and locks
//
// One a leg that reads its socket, one more if RTCP comes on a port of its own,
// pion's for a browser; one a processor that pace what is made every 20 ms (pace);
// one that reports and notices silence (keep). All end with the leg or the host.
//
// Every leg is in exactly one bridge, at first in one of its own, and the bridge's
// lock guards the leg. Lock order: a browser's signalling, then bridges by their
// id, then pace.mu, Host.mu or events.mu. The Listener is called without any lock,
// in order, from the goroutine that found the event: it hands the event on and
// returns. A tap is called with the bridge's lock: it copies and returns.
package media
