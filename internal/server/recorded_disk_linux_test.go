package server

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/core/recording"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/server/drive"
)

// watcher looks into every file below some folders as soon as it is written to.
type watcher struct {
	t     *testing.T
	fd    int
	looks map[string][]byte // what is looked for
	done  chan struct{}

	mu      sync.Mutex
	folders map[int32]string
	seen    map[string]bool   // files that were looked into
	found   map[string]string // by what
}

// watch begins; end ends it, and says in how many files it looked and what it found.
func watch(t *testing.T, looks map[string][]byte, folders ...string) *watcher {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	must(t, err)
	w := &watcher{t: t, fd: fd, looks: looks, done: make(chan struct{}), folders: map[int32]string{}, seen: map[string]bool{}, found: map[string]string{}}
	for _, f := range folders {
		w.add(f)
	}
	go w.run()
	return w
}

// add watches a folder and those in it, and looks into what is there already.
func (w *watcher) add(folder string) {
	n, err := unix.InotifyAddWatch(w.fd, folder, unix.IN_MODIFY|unix.IN_CLOSE_WRITE|unix.IN_CREATE|unix.IN_MOVED_TO)
	if err != nil {
		return // it is gone again
	}
	w.mu.Lock()
	w.folders[int32(n)] = folder
	w.mu.Unlock()
	list, _ := os.ReadDir(folder)
	for _, e := range list {
		w.look(filepath.Join(folder, e.Name()))
	}
}

// look looks into a file, or watches a folder.
func (w *watcher) look(path string) {
	info, err := os.Lstat(path)
	if err == nil && info.IsDir() {
		w.add(path)
		return
	}
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[path] = true
	for what, octets := range w.looks {
		if bytes.Contains(b, octets) {
			w.found[what] = path
		}
	}
}

func (w *watcher) run() {
	defer close(w.done)
	buffer := make([]byte, 64<<10)
	for {
		n, err := unix.Read(w.fd, buffer)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		written := map[string]bool{}
		for at := 0; at+unix.SizeofInotifyEvent <= n; {
			e := (*unix.InotifyEvent)(unsafe.Pointer(&buffer[at]))
			name := strings.TrimRight(string(buffer[at+unix.SizeofInotifyEvent:at+unix.SizeofInotifyEvent+int(e.Len)]), "\x00")
			at += unix.SizeofInotifyEvent + int(e.Len)
			w.mu.Lock()
			folder := w.folders[e.Wd]
			w.mu.Unlock()
			if folder == "" || name == "" {
				continue
			}
			path := filepath.Join(folder, name)
			if name == "stop-watching" {
				return
			}
			written[path] = true
		}
		for path := range written {
			w.look(path)
		}
	}
}

func (w *watcher) end(folder string) (seen []string, found map[string]string) {
	w.t.Helper()
	must(w.t, os.WriteFile(filepath.Join(folder, "stop-watching"), nil, 0o600))
	<-w.done
	_ = unix.Close(w.fd)
	for path := range w.seen {
		seen = append(seen, path)
	}
	return seen, w.found
}

// While the real program records a call's sound and its agent's screen, each file in its data and
// its temporary folder is looked into as it is written: nothing of what is said or shown is in
// any of them, as it comes from the wire, as samples, or as a film. The same watch finds each of
// them in a file that has it.
func TestNothingPlainTouchesTheDisk(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode, conf.Limits.Calls = "off", 0
	n := start(t, conf, nil)
	acme, _ := house(t, n)
	ctx := t.Context()
	ana := acme.signIn(t, "ana")
	entry := acme.telephone(t, ana)
	acme.rule(t, ana, m{"consent": "none", "records": "both", "entry_points": []string{entry}})
	acme.agent(t, "bo")
	bo := acme.signIn(t, "bo")
	n.stop(t)

	frame := make([]byte, 160) // what the caller says, again and again
	for i := range frame {
		frame[i] = byte(rand.Uint32())
	}
	pcm := make([]int16, 16)
	g711.A.DecodeTo(pcm, frame[:16])
	samples := make([]byte, 0, 32)
	for _, v := range pcm {
		samples = append(samples, byte(v), byte(uint16(v)>>8))
	}
	film, err := os.ReadFile("../media/screen/testdata/piece.webm")
	must(t, err)
	looks := map[string][]byte{"sound": frame[:32], "samples": samples, "screen": film[len(film)/2 : len(film)/2+32]}

	bin, err := drive.Build(t.TempDir())
	must(t, err)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	listen, err := freeport.Address()
	must(t, err)
	w := watch(t, looks, conf.Data, temporary)
	p, err := drive.Serve(ctx, bin, conf.Data, listen)
	must(t, err)
	t.Cleanup(p.Kill)
	bo.Base = p.BaseURL
	line, err := bo.Live(ctx, "")
	must(t, err)
	line.Stay()
	t.Cleanup(line.Close)
	within(t, "the desk is not there", func() bool { return desk(t, bo).Me.Online })
	must(t, bo.Do(ctx, "PUT", "desk/presence", m{"presence": "ready"}, nil))
	v, _, err := drive.Chat(ctx, drive.Client(), p.BaseURL, entry, "rita", "", "", "c1")
	must(t, err)
	caller := acme.callerSound(t, v)
	stopped := make(chan struct{})
	var speaks sync.WaitGroup
	speaks.Go(func() {
		for tick := time.Tick(20 * time.Millisecond); ; {
			select {
			case <-stopped:
				return
			case <-tick:
			}
			if caller.Speak(frame) != nil {
				return // what is recorded says whether it was heard
			}
		}
	})
	_, err = v.Choose(ctx, "k1", "one")
	must(t, err)
	take(t, bo, v.Interaction)
	path := "interactions/" + v.Interaction
	agent := acme.agentSound(t, bo, v.Interaction)
	agent.Talk(900)
	acme.recording(t, bo, v.Interaction, "recording")
	acme.screen(t, bo, v.Interaction, "wanted")
	var shown struct{ Recording string }
	must(t, bo.Do(ctx, "POST", path+"/screen", m{}, &shown))
	for number := range 3 {
		passes(t, agent, 2*time.Second)
		if status, said := screened(t, bo, v.Interaction, shown.Recording, number+1, time.Now().Add(-time.Second), film); status != 200 || !said.Kept {
			t.Fatalf("the screen: %d %+v", status, said)
		}
	}
	passes(t, agent, 2*time.Second)
	close(stopped)
	speaks.Wait()
	must(t, v.Do(ctx, "POST", "/end", m{}, nil))
	wrapsUp(t, bo, v.Interaction)
	p.Kill()

	// Files of recordings were among those that were looked into, and a plain one is found.
	control := t.TempDir()
	for what, octets := range looks {
		must(t, os.WriteFile(filepath.Join(control, what), append([]byte("before"), octets...), 0o600))
	}
	sees := watch(t, looks, control)
	if _, found := sees.end(control); len(found) != len(looks) {
		t.Errorf("of plain files only %v are found", found)
	}
	seen, found := w.end(temporary)
	for what, file := range found {
		t.Errorf("%s is in %s", what, file)
	}
	for _, of := range []string{"spool", "files", "nubitalk.db"} {
		if !slices.ContainsFunc(seen, func(path string) bool { return strings.Contains(path, of) }) {
			t.Errorf("nothing of %s was looked into", of)
		}
	}

	// And it is what was said and shown that was recorded.
	n = start(t, conf, nil)
	acme.node = n
	kept := map[string]bool{}
	within(t, "the recordings do not end", func() bool {
		all := acme.recordings(t, v.Interaction)
		return len(all) == 2 && !slices.ContainsFunc(all, func(one tracks) bool { return one.row.EndedAt.IsZero() })
	})
	rows, err := n.parts.recording.Of(ctx, acme.ID, v.Interaction)
	must(t, err)
	for _, row := range rows {
		o, err := n.parts.recording.Open(ctx, acme.ID, row.ID)
		must(t, err)
		pieces, err := n.parts.recording.Pieces(ctx, o, 0, time.Hour)
		must(t, err)
		for _, piece := range pieces {
			for _, track := range piece.Tracks {
				kept["sound"] = kept["sound"] || track.Codec == recording.PCMA && bytes.Contains(track.Data, looks["sound"])
				kept["screen"] = kept["screen"] || track.Codec == recording.WebM && bytes.Contains(track.Data, looks["screen"])
			}
		}
	}
	if !kept["sound"] || !kept["screen"] {
		t.Errorf("what was looked for was not recorded: %v", kept)
	}
}
