package dialog

import (
	"slices"
	"time"

	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/wire"
)

// Outside is the requests of one Call-ID that belong to no call: REGISTER and
// OPTIONS, ours and theirs.
type Outside struct {
	core
	asks []*ask
}

// ask is a request of ours with what repeats it.
type ask struct {
	tx   *clientTx
	cred auth.Credentials
	done func(*wire.Message, int)
}

// NewOutside makes one.
func NewOutside(env *Env) *Outside { return &Outside{core: core{env: env}} }

// At sets the time; call it before anything else that is told to it.
func (o *Outside) At(now time.Time) *Outside {
	o.now = now
	return o
}

// Done says that nothing is left to do.
func (o *Outside) Done() bool { return len(o.clients) == 0 && len(o.servers) == 0 }

// Owns says whether a message continues something here.
func (o *Outside) Owns(m *wire.Message) bool {
	if m.IsRequest() {
		return o.server(m, m.Method) != nil
	}
	return o.client(m.Top.Branch(), m.CSeq.Method) != nil
}

// Receive takes a message that Owns said is its.
func (o *Outside) Receive(m *wire.Message) {
	if m.IsRequest() {
		if tx := o.server(m, m.Method); tx != nil {
			o.again(tx)
		}
		return
	}
	tx := o.client(m.Top.Branch(), m.CSeq.Method)
	if tx == nil || !o.answered(tx, m) || m.Code < 200 {
		return
	}
	i := slices.IndexFunc(o.asks, func(a *ask) bool { return a.tx == tx })
	if i < 0 {
		return
	}
	a := o.asks[i]
	if m.Code == 401 || m.Code == 407 {
		if field, value, ok := o.proof(tx, m, a.cred); ok {
			again := *tx.req
			again.Headers = slices.Clone(tx.req.Headers)
			again.CSeq.Number++
			again.Set(field, value)
			tries := tx.tries + 1
			a.tx = o.request(&again, tx.to, tx.purpose)
			a.tx.tries = tries
			tx.slim()
			return
		}
	}
	o.asks = slices.Delete(o.asks, i, i+1)
	tx.slim()
	a.done(m, m.Code)
}

// Serve begins the answer to a request that is new here; Reply must follow.
func (o *Outside) Serve(m *wire.Message, src Source) { o.serve(m, src) }

// Reply sends the final response to a request that Serve was told of.
func (o *Outside) Reply(m *wire.Message, r *wire.Message) {
	if tx := o.server(m, m.Method); tx != nil {
		o.respond(tx, r)
	}
}

// Ask sends a request; m must have all but Via. done gets the final response, or
// nil and 408 or 503 where there is none, and the CSeq's number has grown where
// a challenge was answered.
func (o *Outside) Ask(m *wire.Message, to Target, cred auth.Credentials, done func(*wire.Message, int)) {
	o.asks = append(o.asks, &ask{tx: o.request(m, to, forNothing), cred: cred, done: done})
}

// Next is when Tick must be called, at the latest; zero: never.
func (o *Outside) Next() time.Time { return o.next() }

// Tick runs the timers that are due.
func (o *Outside) Tick() { o.due(func(tx *clientTx) { o.lost(tx, 408) }) }

// SendFailed says that a request could not be put on the wire.
func (o *Outside) SendFailed(branch string) {
	for _, tx := range o.clients {
		if tx.branch == branch && o.unsent(tx) {
			o.lost(tx, 503)
			return
		}
	}
}

func (o *Outside) lost(tx *clientTx, code int) {
	if i := slices.IndexFunc(o.asks, func(a *ask) bool { return a.tx == tx }); i >= 0 {
		a := o.asks[i]
		o.asks = slices.Delete(o.asks, i, i+1)
		a.done(nil, code)
	}
}
