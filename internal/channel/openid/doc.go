// Package openid is the client's side of signing in with an OpenID provider:
// discovery, the authorization code flow with PKCE, the answer's checks, and logout
// that the provider asks for. It knows nothing of organisations and users.
//
//	OpenID Connect Core 1.0     code flow, ID tokens: yes; implicit, hybrid, request objects, userinfo: no
//	OpenID Connect Discovery    yes
//	Back-Channel Logout 1.0     yes
//	RFC 6749, 7636 (S256 only)  yes
//	RFC 9207 (iss)              yes, asked for where the provider says that it sends it
//	RFC 9700                    2.1.1, 4.4, 4.7
//
// What a provider says of itself is kept for an hour, its keys until one is met that
// is not among them. It runs no goroutine.
package openid
