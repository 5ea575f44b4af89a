// Package live brings events from the bus to those who may see them: browsers
// of signed-in users, and visitors of one conversation. It knows no wire; api
// gives it connections as an Outbox.
//
// Each tenant with somebody connected has a room: a ring of its latest events,
// numbered on this node, so that a browser that comes back gets what it missed
// or is told to fetch everything again. Who sees an event is asked of
// core/access: the users it names, those who hold its Watch permission for the
// tenant, and those who watch its interaction after a check that they may read
// it.
//
// Goroutines: events arrive on the bus's one goroutine for this node; short
// ones ask again whether a watched interaction may still be read, and tell the
// floor who is connected. Locks: Hub.mu, then room.mu; neither is held while
// anything is waited for. room.telling is taken alone.
package live
