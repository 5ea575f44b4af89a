// Package webhook says what another system is told by a webhook: which events there are,
// what their bodies look like, how they are signed, and when one that was not taken is
// sent again.
//
// A message is signed as Standard Webhooks 1.0 asks (https://www.standardwebhooks.com):
// the headers Webhook-Id, Webhook-Timestamp and Webhook-Signature, whose value is "v1,"
// and the HMAC-SHA256 of "id.timestamp.body", in base64.
//
// It is pure: the caller brings the time and sends. What it holds names queues, rules and
// trunks as the organisation calls them, and agents by their id alone.
package webhook
