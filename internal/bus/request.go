package bus

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

const (
	whereCommand = "bus/command"
	// serveAtOnce is how many requests of one subject are served at a time.
	serveAtOnce = 256
	// DefaultTimeout is how long a request waits if its context has no end.
	DefaultTimeout = 10 * time.Second
	// timeoutHeader tells the server how long the asker waits, in microseconds:
	// a duration, because clocks of two nodes differ.
	timeoutHeader = "Nubitalk-Wait"
)

// The first byte of an answer says what follows: the data, or a fault.
const (
	answerOK    = 'o'
	answerFault = 'f'
)

// fault is an *errs.Error without its private cause, which the serving node
// keeps to itself.
type fault struct {
	Code       errs.Code     `json:"code"`
	Text       string        `json:"text"`
	Fields     []errs.Field  `json:"fields,omitempty"`
	RetryAfter time.Duration `json:"retry_after,omitempty"`
}

// TenantOf is the tenant that a command's subject names in one of its parts,
// e.g. "floor.ten_…"; "" if none. The command is sealed under its key.
func TenantOf(subject string) id.Tenant {
	for part := range strings.SplitSeq(subject, ".") {
		switch id.Kind(part) {
		case id.TenantKind, id.Reseller, id.Operator:
			return id.Tenant(part)
		}
	}
	return ""
}

// Request asks whoever serves the subject and returns its answer or its error.
// Nobody serving is Unavailable: the owner may be moving, so try again. On an
// external cluster the subject must name a tenant (TenantOf).
func (b *Bus) Request(ctx context.Context, subject string, data []byte) ([]byte, error) {
	tenant, err := b.commandTenant(subject)
	if err != nil {
		return nil, err
	}
	frame, err := b.encode(tenant, whereCommand, data)
	if err != nil {
		return nil, err
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, DefaultTimeout)
		defer cancel()
		deadline, _ = ctx.Deadline()
	}
	msg := nats.NewMsg(b.commandSubject(subject))
	msg.Header.Set(timeoutHeader, strconv.FormatInt(time.Until(deadline).Microseconds(), 10))
	msg.Data = frame
	reply, err := b.conn.RequestMsgWithContext(ctx, msg)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil, errs.Wrap(errs.Unavailable, err, "Nobody is there to do this at the moment. Please try again.")
	case err != nil:
		return nil, errs.Wrap(errs.Unavailable, err, "This could not be passed on. Please try again.")
	}
	plain, err := b.decode(tenant, whereCommand, reply.Data)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The answer could not be read.")
	}
	if len(plain) > 0 && plain[0] == answerOK {
		return plain[1:], nil
	}
	var f fault
	if len(plain) == 0 || json.Unmarshal(plain[1:], &f) != nil {
		return nil, errs.New(errs.Internal, "The answer could not be read.")
	}
	return nil, &errs.Error{Code: f.Code, Text: f.Text, Fields: f.Fields, RetryAfter: f.RetryAfter}
}

// Serve answers requests for a subject until cancel, each in a goroutine of its
// own, with a context that ends when the asker stops waiting or the bus closes.
// When several nodes serve a subject, one of them gets each request. The last
// part of the subject may be "*", for any tenant.
func (b *Bus) Serve(subject string, fn func(ctx context.Context, data []byte) ([]byte, error)) (cancel func(), err error) {
	if before, any := strings.CutSuffix(subject, ".*"); any {
		err = checkSubject(before)
	} else {
		_, err = b.commandTenant(subject)
	}
	if err != nil {
		return nil, err
	}
	slots := make(chan struct{}, serveAtOnce)
	sub, err := b.conn.QueueSubscribe(b.commandSubject(subject), "owner", func(m *nats.Msg) {
		tenant := TenantOf(strings.TrimPrefix(m.Subject, b.commandSubject("")))
		select {
		case slots <- struct{}{}:
		default:
			b.answer(m, tenant, nil, &errs.Error{Code: errs.Unavailable, Text: "Too much is going on at the moment. Please try again.", RetryAfter: time.Second})
			return
		}
		if !b.begin() {
			<-slots
			return
		}
		go func() {
			defer b.serves.Done()
			defer func() { <-slots }()
			b.serve(m, tenant, fn)
		}()
	})
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The message cluster cannot be reached.")
	}
	// Others can ask as soon as Serve returns.
	if err := b.conn.FlushTimeout(5 * time.Second); err != nil {
		_ = sub.Unsubscribe()
		return nil, errs.Wrap(errs.Unavailable, err, "The message cluster does not answer.")
	}
	return func() {
		if err := sub.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrBadSubscription) && !errors.Is(err, nats.ErrConnectionClosed) {
			b.log.Warn("a subject could not be left", "error", err)
		}
	}, nil
}

// begin counts a request being served, unless the bus is closing.
func (b *Bus) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.serves.Add(1)
	return true
}

func (b *Bus) serve(m *nats.Msg, tenant id.Tenant, fn func(context.Context, []byte) ([]byte, error)) {
	wait := DefaultTimeout
	if us, err := strconv.ParseInt(m.Header.Get(timeoutHeader), 10, 64); err == nil {
		wait = min(time.Duration(us)*time.Microsecond, time.Minute)
	}
	ctx, cancel := context.WithTimeout(b.ctx, wait)
	defer cancel()
	data, err := b.decode(tenant, whereCommand, m.Data)
	if err != nil {
		b.refused.Add(1)
		b.log.Error("a command could not be read", "tenant", tenant, "error", err)
		b.answer(m, tenant, nil, errs.New(errs.Invalid, "The command could not be read."))
		return
	}
	out, err := fn(ctx, data)
	b.answer(m, tenant, out, err)
}

func (b *Bus) answer(m *nats.Msg, tenant id.Tenant, out []byte, err error) {
	if err == nil {
		var frame []byte
		if frame, err = b.encode(tenant, whereCommand, append([]byte{answerOK}, out...)); err == nil {
			b.respond(m, tenant, frame)
			return
		}
	}
	e := errs.As(err)
	if e.Code == errs.Internal {
		b.log.Error("a command failed", "tenant", tenant, "error", err)
	}
	plain, err := json.Marshal(fault{Code: e.Code, Text: e.Text, Fields: e.Fields, RetryAfter: e.RetryAfter})
	if err == nil {
		plain, err = b.encode(tenant, whereCommand, append([]byte{answerFault}, plain...))
	}
	if err != nil {
		b.log.Error("an answer could not be written", "tenant", tenant, "error", err)
		return
	}
	b.respond(m, tenant, plain)
}

func (b *Bus) respond(m *nats.Msg, tenant id.Tenant, frame []byte) {
	if err := m.Respond(frame); err != nil {
		b.log.Error("an answer could not be sent", "tenant", tenant, "error", err)
	}
}

func (b *Bus) commandSubject(subject string) string { return b.conf.Prefix + ".command." + subject }

func checkSubject(subject string) error {
	for part := range strings.SplitSeq(subject, ".") {
		if err := checkToken("subject", part); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bus) commandTenant(subject string) (id.Tenant, error) {
	if err := checkSubject(subject); err != nil {
		return "", err
	}
	t := TenantOf(subject)
	if t == "" && b.conf.Seal != nil {
		return "", errs.Bad("subject", "must name the tenant whose key seals the command")
	}
	return t, nil
}
