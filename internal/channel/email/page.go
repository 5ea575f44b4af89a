package email

import (
	"context"
	"io"
	"strconv"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/email/message"
)

// picturing is how many pages of a tenant may fetch images at a time.
const picturing = 4

// Page is the HTML of an interaction's message as its sender wrote it, made safe, as a
// document for a frame under message.PagePolicy. With remote, images that are elsewhere
// are fetched, by us and not by the agent's browser.
func (s *Service) Page(ctx context.Context, t id.Tenant, interaction string, remote bool, language, quoted string) ([]byte, error) {
	o, err := s.open(ctx, t, interaction)
	if err != nil {
		return nil, err
	}
	if o.m.HTML.Empty() {
		return nil, errs.New(errs.NotFound, "This email has no HTML.")
	}
	shown := message.Safe(o.m.HTML.Reveal(), shownAt(o.m, "/"))
	fetched := map[string]*message.Picture{}
	if remote && len(shown.Remote) > 0 {
		done, err := s.turn(ctx, "pictures "+string(t), picturing)
		if err != nil {
			return nil, errs.New(errs.Limited, "Images of other messages are being fetched. Try again in a moment.")
		}
		for address, image := range s.Pictures.Fetch(ctx, shown.Remote) {
			fetched[address] = &message.Picture{MediaType: image.MediaType, Octets: image.Octets}
		}
		done()
	}
	came := within(o.m)
	return message.Page(shown, func(at string, n int) *message.Picture {
		if at == "" {
			if n < 0 || n >= len(shown.Remote) {
				return nil
			}
			return fetched[shown.Remote[n]]
		}
		n, err := strconv.Atoi(strings.TrimPrefix(at, "/"))
		if err != nil {
			return nil
		}
		return came(n)
	}, language, quoted), nil
}

// within gives a message's own images by their numbers. Each is read once, however often
// the message shows it: its HTML has room for more than a hundred thousand.
func within(m *message.Message) func(n int) *message.Picture {
	read := map[int]*message.Picture{}
	return func(n int) *message.Picture {
		if n < 0 || n >= len(m.Files) {
			return nil
		}
		if p, there := read[n]; there {
			return p
		}
		read[n] = nil
		if octets, err := io.ReadAll(m.Files[n].Reader()); err == nil {
			read[n] = &message.Picture{MediaType: m.Files[n].MediaType, Octets: octets}
		}
		return read[n]
	}
}

// shownAt gives the addresses of images that the message shows within its text: before
// and the file's number.
func shownAt(m *message.Message, before string) func(contentID string) string {
	byContent := map[string]int{}
	for n, f := range m.Files {
		if f.ContentID != "" {
			byContent[f.ContentID] = n
		}
	}
	return func(content string) string {
		if n, ok := byContent[content]; ok && shownImages[m.Files[n].MediaType] {
			return before + strconv.Itoa(n)
		}
		return ""
	}
}
