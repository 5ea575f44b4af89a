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
	return message.Page(shown, func(at string, n int) *message.Picture {
		if at == "" {
			if n < 0 || n >= len(shown.Remote) {
				return nil
			}
			return fetched[shown.Remote[n]]
		}
		n, err := strconv.Atoi(strings.TrimPrefix(at, "/"))
		if err != nil || n >= len(o.m.Files) {
			return nil
		}
		octets, err := io.ReadAll(o.m.Files[n].Reader())
		if err != nil {
			return nil
		}
		return &message.Picture{MediaType: o.m.Files[n].MediaType, Octets: octets}
	}, language, quoted), nil
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
