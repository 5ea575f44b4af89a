// Package webhook tells other systems of events: what they asked for is written in the
// transaction of what happened, and sent by a job of its webhook, again where it was not
// taken (core/webhook). Order is not promised, and a message may come twice with one id.
//
// It runs no goroutine of its own: app/retention runs its jobs, apart from others. Of one
// webhook one message is on its way at a time. What is sent is in no log.
package webhook
