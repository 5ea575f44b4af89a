package provider

import (
	"context"
	"net/smtp"
	"time"
)

// Tried is what became of trying one of an account's servers.
type Tried struct {
	OK    bool
	Fault *Fault // the step that failed
}

// Trial is what became of trying an account.
type Trial struct {
	IMAP, SMTP Tried
	Folders    []string // of the account, if it was signed in
	Sent       string   // the folder of what was sent, if the provider says which
}

// longestTrial is how long a trial takes at most.
const longestTrial = time.Minute

// Try reaches both servers, signs in and opens the folders. Nothing is changed or sent.
func (n *Network) Try(ctx context.Context, a Account, folders []string) Trial {
	ctx, cancel := context.WithTimeout(ctx, longestTrial)
	defer cancel()
	var t Trial
	done := make(chan error, 1)
	go func() { done <- n.submission(ctx, a, func(c *smtp.Client) error { _ = c.Quit(); return nil }) }()
	err := n.tryBox(ctx, a, folders, &t)
	t.IMAP = tried(err, a.IMAP.Host)
	t.SMTP = tried(<-done, a.SMTP.Host)
	return t
}

func tried(err error, host string) Tried {
	if err == nil {
		return Tried{OK: true}
	}
	return Tried{Fault: AsFault(err, StepReach, host)}
}

func (n *Network) tryBox(ctx context.Context, a Account, folders []string, t *Trial) error {
	b, err := n.Open(ctx, a)
	if err != nil {
		return err
	}
	defer b.Close()
	if t.Folders, t.Sent, err = b.Folders(ctx); err != nil {
		return err
	}
	for _, f := range folders {
		if _, err := b.Select(ctx, f); err != nil {
			return err
		}
	}
	return nil
}
