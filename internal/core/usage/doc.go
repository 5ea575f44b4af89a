// Package usage says what an organisation may have and what it has had: the
// limits that the organisation above it sets, and the amounts that are counted
// for each day. It is pure; nothing of it tells of a person.
package usage
