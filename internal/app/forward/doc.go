// Package forward keeps where calls to extensions go on: whom a phone's user, or an
// administrator, chose for calls that the phone does not take. What is chosen is
// sealed under the tenant's key, because it may be a person's own number.
//
// Whether a call goes there is decided anew for each (core/office, channel/voice):
// the permission and the trunks' rules of that moment hold.
package forward
