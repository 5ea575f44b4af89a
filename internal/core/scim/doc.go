// Package scim is what SCIM 2.0 says of resources, without storing any: filters
// (RFC 7644, 3.4.2.2), PATCH (3.5.2), what is read of a user and a group (RFC 7643,
// 4.1 and 4.2), and how the service describes itself (RFC 7643, 5 to 7).
//
// A resource is JSON as it came (map[string]any): a filter is asked of it, a PATCH
// changes a copy, and ReadUser and ReadGroup take out of it what is kept. Everything
// else that a directory sends is dropped there.
//
// It follows what Entra ID and Okta send where that is not quite the standard: words
// in any case, "False" for false, paths in the keys of a value, and the removal of
// members by a value instead of a filter.
//
// It runs no goroutine and leaves to others: who may, what is stored (app/account),
// and HTTP (api).
package scim
