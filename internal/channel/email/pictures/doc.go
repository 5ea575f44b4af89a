// Package pictures fetches images that messages show from elsewhere, when an agent asks
// for them, so that who looks is hidden from who wrote. It asks public addresses
// alone, says nothing of the agent, keeps nothing, and is bounded in number, size and
// time. It runs goroutines only while Fetch waits for them.
package pictures
