// Package campaign decides in preview dialing who is called next, and what becomes of
// a contact once it was called. It is pure: contacts, rules and the time are given to
// it, and app/campaign stores what it decides.
//
// # Which contact comes next
//
// Of those that may be called now, in this order: what this agent has already; what is
// due to be called again for this agent; what is due for anybody, the longest due first;
// what was not called yet, in the order of the list. What an agent let lie until its time
// was over comes back at the place that it had.
//
// # What becomes of it
//
// A time that was agreed with the person holds before everything else. Then what the
// campaign says of the disposition; without one, what the network said of the call.
// An attempt that never left (the agent's own phone, no free line) counts as none.
package campaign
