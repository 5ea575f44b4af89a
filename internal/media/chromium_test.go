package media_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
)

// page is an agent's desk in its smallest form: it offers, plays what it hears,
// and says every 200 ms which of the tones it hears, in dB above all the rest.
const page = `<!doctype html><script type="module">
const say = (what) => fetch("/say", { method: "POST", body: JSON.stringify(what) });
try {
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
  let peer, sender;
  const context = new AudioContext();
  await context.resume();
  const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
  const call = async (restart) => {
    if (!restart) {
      peer?.close();
      peer = new RTCPeerConnection();
      sender = peer.addTrack(microphone.getAudioTracks()[0], microphone);
      peer.ontrack = (e) => {
        const element = new Audio(); // Chromium gives sound to the context only when an element has it too
        element.srcObject = e.streams[0];
        element.muted = true;
        element.play();
        context.createMediaStreamSource(e.streams[0]).connect(analyser);
      };
      peer.onconnectionstatechange = () => say({ state: peer.connectionState });
    }
    await peer.setLocalDescription(await peer.createOffer({ iceRestart: restart }));
    const answer = await (await fetch("/offer", { method: "POST", body: peer.localDescription.sdp })).text();
    await peer.setRemoteDescription({ type: "answer", sdp: answer });
  };
  await call(false);
  const bins = new Float32Array(analyser.frequencyBinCount);
  for (;;) {
    await new Promise((r) => setTimeout(r, 200));
    analyser.getFloatFrequencyData(bins);
    let best = 0;
    for (let i = 1; i < bins.length; i++) if (bins[i] > bins[best]) best = i;
    const stats = [...(await peer.getStats()).values()];
    const transport = stats.find((s) => s.type === "transport") ?? {};
    const codec = stats.find((s) => s.type === "codec" && s.mimeType !== "audio/telephone-event") ?? {};
    const order = await (await say({
      hertz: bins[best] > -60 ? (best * context.sampleRate) / analyser.fftSize : 0,
      cipher: transport.srtpCipher, role: transport.dtlsRole, codec: codec.mimeType, keys: !!sender.dtmf?.canInsertDTMF,
    })).text();
    if (order.startsWith("keys ")) sender.dtmf.insertDTMF(order.slice(5), 100, 70);
    if (order === "restart") await call(true);
    if (order === "again") await call(false);
  }
} catch (e) { say({ fault: String(e) }); }
</script>`

// said is what the page tells.
type said struct {
	State, Fault, Cipher, Role, Codec string
	Hertz                             float64
	Visitor, Agent                    int // pictures
	Keys                              bool
}

// chromium starts a real browser on a page, with a tone as its microphone; its offers go to
// the legs.
func chromium(t *testing.T, page string, hertz float64, legs ...*agent) (heard <-chan said, order chan<- string) {
	t.Helper()
	program := os.Getenv("CHROMIUM")
	if program == "" {
		program = "/usr/bin/chromium"
	}
	if _, err := os.Stat(program); err != nil {
		t.Fatal("there is no Chromium here (scripts/need chromium)")
	}
	tells, orders := make(chan said, 1000), make(chan string, 10)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(page))
	})
	answer := func(a *agent, w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 1<<16)
		n := 0
		for {
			k, err := r.Body.Read(b[n:])
			if n += k; err != nil {
				break
			}
		}
		answer, err := a.Answer(r.Context(), string(b[:n]))
		if err != nil {
			t.Errorf("%v\n%s", err, b[:n])
		}
		_, _ = w.Write([]byte(answer))
	}
	for i, path := range []string{"/offer", "/offer2"}[:len(legs)] {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { answer(legs[i], w, r) })
	}
	mux.HandleFunc("POST /say", func(w http.ResponseWriter, r *http.Request) {
		var s said
		if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
			t.Error(err)
		}
		select {
		case tells <- s:
		default:
		}
		select {
		case o := <-orders:
			_, _ = w.Write([]byte(o))
		default:
		}
	})
	server := httptest.NewUnstartedServer(mux)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server.Listener = l
	server.Start()

	dir := t.TempDir()
	microphone := filepath.Join(dir, "microphone.wav")
	pcm := audio.Tone{Hertz: hz(hertz), Level: -14, Length: 2 * time.Second}.PCM()
	if err := os.WriteFile(microphone, audio.WriteWAV(audio.Resample(pcm, audio.Rate, 48000), 48000), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--autoplay-policy=no-user-gesture-required",
		"--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--use-file-for-fake-audio-capture="+microphone,
		server.URL)
	// All its processes end with it: one that still wrote would hold its folder.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Stdout = new(bytes.Buffer) // which the last of them closes
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was killed
		server.CloseClientConnections()
		server.Close()
	})
	return tells, orders
}

// until reads what the page says until ok.
func until(t *testing.T, heard <-chan said, what string, ok func(said) bool) said {
	t.Helper()
	deadline := time.After(3 * time.Minute)
	var last said
	for {
		select {
		case s := <-heard:
			if s.Fault != "" {
				t.Fatalf("the page failed: %s", s.Fault)
			}
			if ok(s) {
				return s
			}
			last = s
		case <-deadline:
			t.Fatalf("%s did not come; last %+v", what, last)
		}
	}
}

func around(hertz float64) func(said) bool {
	return func(s said) bool { return s.Hertz > hertz-15 && s.Hertz < hertz+15 }
}

// TestChromium is a caller on a phone and an agent in a real browser: tones both
// ways, keys both ways, the codec and the cipher, a network change, a refresh.
func TestChromium(t *testing.T) {
	for _, law := range []g711.Law{g711.A, g711.Mu} {
		t.Run(law.Name(), func(t *testing.T) {
			// One of them as an installation has it that allows nothing older.
			h := host(t, media.Config{ReportEvery: 500 * time.Millisecond, Browser: media.BrowserConfig{Strong: law == g711.Mu}})
			caller := connect(t, h, 500, opts{ours: laws(law)})
			a := newAgent(t, h, law)
			bridge := h.NewBridge()
			join(t, bridge, caller, media.Talk)
			join(t, bridge, a, media.Talk)
			heard, order := chromium(t, page, 900, a)
			s := until(t, heard, "the caller's tone", around(500))
			s = until(t, heard, "statistics", func(s said) bool { return s.Cipher != "" && s.Codec != "" && s.Keys })
			if s.Cipher != "SRTP_AEAD_AES_256_GCM" || s.Role != "client" || s.Codec != "audio/"+law.Name() {
				t.Errorf("%+v", s)
			}
			caller.hears(t, hz(900), 500)

			order <- "keys 14#9"
			a.log.await(t, "9", func(e media.Event) bool { return e == media.Event(media.Key{Digit: '9', Passed: true}) })
			a.log.keys(t, "14#9")

			caller.Music(tone(1500))
			bridge.SetRole(caller, media.Hold)
			caller.hears(t, hz(1500), 900)
			bridge.SetRole(caller, media.Talk)
			a.Play(tone(1300))
			until(t, heard, "a prompt", around(1300))
			a.Play(audio.NewClip(nil))
			until(t, heard, "the caller after the prompt", around(500))

			order <- "restart"
			until(t, heard, "the caller after an ICE restart", around(500))
			caller.hears(t, hz(900), 500)
			order <- "again"
			until(t, heard, "a new connection", func(s said) bool { return s.State == "connected" })
			until(t, heard, "the caller after a refresh", around(500))
			caller.phone.Forget()
			caller.hears(t, hz(900), 500)
			ok := func() bool {
				q := a.Quality()
				return q.RoundTrip > 0 && q.Out.Packets > 0 && q.In.MOS > 3.5
			}
			for end := time.Now().Add(3 * time.Minute); !ok(); {
				if time.Now().After(end) {
					t.Fatalf("quality %+v", a.Quality())
				}
				time.Sleep(10 * time.Millisecond) // until, not how long
			}
		})
	}
}
