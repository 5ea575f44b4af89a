// Package verify checks the promises of the data privacy notice against a
// running product: `nubitalk notice verify`. It uses the public doors as
// people do (a visitor, agents, an administrator, a privacy officer, another
// tenant, the operator) and looks into the data folder and the logs for values
// that must not be there.
//
// A clause is proven only when every check that bears on it has run and
// succeeded here and now; failed says why; not_built means that nothing of it
// is in the product yet, or that no check proves it. Each check says in its
// evidence what it did and saw.
//
// One goroutine reads the agent's live connection until the checks end. It sends
// only to the address it was given, or to an instance that it starts on
// loopback.
package verify
