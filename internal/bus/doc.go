// Package bus carries what is live between the parts and nodes of one
// installation: events for browsers and visitors, and commands to the node that
// owns a tenant. It speaks NATS core: to a server inside the process, which
// opens no port, or to an external cluster. With the server in the process there
// is no other node, and events are handed over without it.
//
// What must not be lost never travels here alone: the store is the source of
// truth, and an event only tells that something changed. A subscriber that
// missed events, because it was too slow or the cluster was away, is always
// told so by an event of kind Overflow and fetches again; nothing is lost in
// silence.
//
// Events hold content (messages, names). In the process they stay in memory. On
// an external cluster they are sealed under the tenant's key (Config.Seal), and
// anything that is not sealed is refused (notice C53).
//
// Goroutines: NATS's own; one per Subscribe, which runs its function in order;
// one per request being served. Lock order: Bus.mu, then a subscriber's mu; no
// lock is held while a subscriber's function runs.
//
// It leaves to others: what events mean, who may see them (api asks
// core/access), and which node owns a tenant (app/floor's lease).
package bus
