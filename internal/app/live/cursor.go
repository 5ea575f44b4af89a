package live

import (
	"strconv"
	"strings"
)

// A cursor is "epoch.seq": which start of which node, and the number of the
// last event seen there.

func (h *Hub) cursor(seq uint64) string { return h.epoch + "." + strconv.FormatUint(seq, 10) }

// parseCursor reads a cursor of this start; ok is false for any other text.
func (h *Hub) parseCursor(s string) (seq uint64, ok bool) {
	epoch, number, ok := strings.Cut(s, ".")
	if !ok || epoch != h.epoch || len(number) > 20 || number == "" || number[0] == '+' {
		return 0, false
	}
	seq, err := strconv.ParseUint(number, 10, 64)
	return seq, err == nil
}
