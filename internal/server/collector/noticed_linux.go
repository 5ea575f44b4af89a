package collector

import "syscall"

// userTimeout is TCP_USER_TIMEOUT (tcp(7)), which syscall has no name for.
const userTimeout = 18

// noticed has a connection end where what was sent is not acknowledged for a while; else
// Linux tries for a quarter of an hour.
func noticed(_, _ string, c syscall.RawConn) error {
	var set error
	err := c.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, userTimeout, int(silent.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return set
}
