package verify

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"nubitalk/internal/channel/email/localmail"
	"nubitalk/internal/core/privacy/canary"
	"nubitalk/internal/server/drive"
)

// world is the instance under check and the people who use it.
type world struct {
	demo     drive.Demo
	data     string
	dir      string // of a private instance; removed at the end
	binary   string
	program  *drive.Program
	provider *localmail.Provider // of a private instance
	http     *http.Client
	users    map[string]*drive.User
	mark     string // makes this run's values unlike any others
	talk     *conversation
	desks    []*drive.Live // open until the end
	gate     *gateway      // once it is needed
	heard    *spoken       // once it is needed
	mail     *mailed       // once it is needed
}

func newWorld(o Options) *world {
	var b [6]byte
	_, _ = rand.Read(b[:])
	return &world{binary: o.Binary, http: drive.Client(), users: map[string]*drive.User{}, mark: hex.EncodeToString(b[:])}
}

func (w *world) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if w.heard != nil {
		w.heard.close(ctx)
	}
	if w.gate != nil {
		w.gate.close(ctx)
	}
	for _, d := range w.desks {
		d.Close()
	}
	if w.program != nil {
		_ = w.program.Stop(ctx) // a private instance: nothing of it is kept
	}
	if w.provider != nil {
		w.provider.Close()
	}
	if w.dir != "" {
		_ = os.RemoveAll(w.dir)
	}
}

// Organisations of a private instance and of the demonstration; the checks need two tenants.
const (
	ours   = "demo"
	theirs = "porto-books"
)

// password is what users choose that the checks make.
func (w *world) password() string { return "quiet-harbour-" + w.mark }

// user signs in as the first login of an organisation with a role, once.
func (w *world) user(ctx context.Context, organisation, role string) (*drive.User, error) {
	key := organisation + "/" + role
	if u := w.users[key]; u != nil {
		return u, nil
	}
	l, err := w.demo.Login(organisation, role)
	if err != nil {
		return nil, err
	}
	u, err := drive.SignIn(ctx, w.http, w.demo.BaseURL, l)
	if err == nil {
		w.users[key] = u
	}
	return u, err
}

// complete ends an agent's work on an interaction, if its time to wrap up, which a slow
// machine outlasts, has not ended it already.
func complete(ctx context.Context, agent *drive.User, interaction string, result map[string]any) error {
	err := agent.Do(ctx, "POST", interaction+"/complete", result, nil)
	if err == nil || expect(err, 409) != nil {
		return err
	}
	return nil
}

// expect says what status an answer must have.
func expect(err error, status ...int) error {
	if err == nil {
		return fmt.Errorf("it was allowed, and %v was expected", status)
	}
	var p *drive.Problem
	if !errors.As(err, &p) {
		return err
	}
	for _, s := range status {
		if p.Status == s {
			return nil
		}
	}
	return fmt.Errorf("the answer was %d (%s), and %v was expected", p.Status, p.Detail, status)
}

// values are this run's personal values, none of which may be found in the
// clear anywhere.
func (w *world) values() []canary.Canary {
	list := []canary.Canary{
		{Name: "display name", Value: "Zuleica Qintxaurre " + w.mark},
		{Name: "email address", Value: "zq." + w.mark + "@qintxaurre.example"},
		{Name: "message of the visitor", Value: "marmelada azulejo " + w.mark},
		{Name: "answer of the agent", Value: "pantufa girassol " + w.mark},
		{Name: "internal note", Value: "nota interna " + w.mark},
		{Name: "file name", Value: "fatura-" + w.mark + ".pdf"},
		{Name: "file content", Value: "%PDF-1.4 conteudo do ficheiro " + w.mark},
		{Name: "custom field", Value: "campo proprio rosmaninho " + w.mark},
		{Name: "profile of a user", Value: "Perpetua Telhado " + w.mark},
		{Name: "sender of an email", Value: "Quiteria Moliceiro " + w.mark},
		{Name: "address of an email", Value: "qm." + w.mark + "@moliceiro.example"},
		{Name: "subject of an email", Value: "assunto camarinha " + w.mark},
		{Name: "text of an email", Value: "corpo da carta bonina " + w.mark},
		{Name: "file name of an email", Value: "contrato-" + w.mark + ".txt"},
		{Name: "file of an email", Value: "anexo da carta alecrim " + w.mark},
		{Name: "answer to an email", Value: "resposta da carta urze " + w.mark},
	}
	if w.demo.Mail.Password != "" {
		list = append(list, canary.Canary{Name: "password of a mailbox", Value: w.demo.Mail.Password})
	}
	return list
}

func (w *world) value(name string) string {
	for _, c := range w.values() {
		if c.Name == name {
			return c.Value
		}
	}
	panic("verify: no value named " + name)
}

// scan looks for the values in every file of the data folder and in what the
// program wrote to its log and metrics.
func (w *world) scan(ctx context.Context) (files int, size int64, finds []string, err error) {
	s, err := canary.New(w.values()...)
	if err != nil {
		return 0, 0, nil, err
	}
	err = filepath.WalkDir(w.data, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // gone while we looked: a temporary file
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, _ := filepath.Rel(w.data, path)
		for _, f := range s.Bytes([]byte(rel)) {
			finds = append(finds, "name of "+rel+": "+f.String())
		}
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if info, err := f.Stat(); err == nil {
			size += info.Size()
		}
		files++
		found, err := s.Reader(f)
		for _, x := range found {
			finds = append(finds, rel+": "+x.String())
		}
		return err
	})
	if err != nil {
		return files, size, finds, err
	}
	if w.program != nil {
		for _, f := range s.Bytes([]byte(w.program.Log())) {
			finds = append(finds, "log: "+f.String())
		}
	}
	if w.demo.MetricsURL != "" {
		body, err := drive.Get(ctx, w.http, w.demo.MetricsURL)
		if err != nil {
			return files, size, finds, fmt.Errorf("reading the metrics: %w", err)
		}
		for _, f := range s.Bytes(body) {
			finds = append(finds, "metrics: "+f.String())
		}
	}
	return files, size, finds, nil
}
