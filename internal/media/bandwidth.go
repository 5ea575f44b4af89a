package media

import (
	"strconv"
	"strings"
)

// bounded tells a browser how much its pictures may take (RFC 4566 5.8, RFC 3890):
// kbps is in kbit/s, 0 is no bound.
func bounded(answer string, kbps int) string {
	if kbps <= 0 {
		return answer
	}
	var out strings.Builder
	video := false
	for line := range strings.Lines(answer) {
		if strings.HasPrefix(line, "m=") {
			video = strings.HasPrefix(line, "m=video ")
		}
		out.WriteString(line)
		if video && strings.HasPrefix(line, "c=") { // where b= has its place
			out.WriteString("b=AS:" + strconv.Itoa(kbps) + "\r\nb=TIAS:" + strconv.Itoa(kbps*1000) + "\r\n")
		}
	}
	return out.String()
}
