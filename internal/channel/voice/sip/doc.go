// Package sip is the program's SIP user agent: it listens and connects, keeps
// messages in order, and runs calls' signalling for whoever decides about calls.
//
//	ep := sip.New(sip.Config{…}, handler)
//	ep.Start(ctx)
//	leg, err := ep.Call(sip.CallRequest{…, Events: func(e sip.Event) {…}})
//
// # Order
//
// A Call-ID has one mailbox. What its ends send arrives there as it came over
// the wire, one after another, together with the timers and the wishes of the
// owner. Handler and Events are called from there: never two at a time for one
// Call-ID, so their owner needs no lock for one leg; they may block, which holds
// up this Call-ID only. Methods of Leg never block and may be called from
// anywhere, from Events too: they put a wish into the mailbox. What became of it
// says an event. A wish that no longer fits (an answer after CANCEL) does
// nothing, because the event that says why is on its way.
//
// # What it leaves to others
//
// Session descriptions are bytes here (media). Which number means what, who may
// call where, and what a call costs are decided above (channel/voice, app).
// Pure decisions about calls are in sip/dialog, messages in sip/wire, digest in
// sip/auth, gateways in sip/gateway.
//
// # Bounds
//
// Strangers leave nothing behind: what is refused before Handler.Admit let it in
// is answered without state, and Limits bounds calls, mailboxes, connections,
// sizes and answers per source. When calls reach their bound, new ones get 503
// with Retry-After; those that stand go on.
//
// # Goroutines
//
// One per listening socket, one per connection, one per mailbox while it has
// work, one for a name or connection that is asked for. Endpoint.mu lets one
// Start or Stop run at a time. Other locks (boxes' shards, mailbox.mu,
// network.mu, phones.mu, watchers.mu, Registering.mu, Watching.mu) are held for a look or a
// change only: never while Handler, Events or the network is called, and none
// while another is taken, but network.mu within Registering.mu, and watchers.mu within phones.mu.
//
// # Personal data
//
// Numbers and names are in wire.Address and wire.URI, which do not print. Logs
// have codes, rules' names and counts.
package sip
