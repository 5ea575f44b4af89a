// Package channel holds what every channel and the floor say to one another: a
// channel reports upward through Sink and is driven through Driver. It has no
// code of its own that runs.
//
// Each channel has its own folder below (chat/…), knows its protocol, and knows
// nothing of tenants' rules.
package channel
