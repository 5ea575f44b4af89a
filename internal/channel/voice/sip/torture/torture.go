package torture

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

//go:embed rfc4475.txt
var file string

// Case is one message of RFC 4475 §3.
type Case struct {
	Name, Section string
	// Data is the message, with line ends as on the wire.
	Data []byte
	// Want is the status code that it is answered with, where everything is
	// let in, phones register for whom they like and calls are refused with 404;
	// 0: no answer.
	Want int
	// Note is why, where the RFC leaves a choice or this program departs.
	Note string
}

// verdicts are what the RFC says, or where it leaves a choice, what was chosen.
var verdicts = map[string]struct {
	want int
	note string
}{
	"wsinv":      {481, "its To has the tag of a dialog that there is not"},
	"intmeth":    {501, "endpoints answer 501 with Allow"},
	"esc01":      {404, ""},
	"escnull":    {200, ""},
	"esc02":      {501, "RE%47IST%45R is not REGISTER"},
	"lwsdisp":    {200, ""},
	"longreq":    {404, ""},
	"dblreq":     {200, "the REGISTER; what follows it in the datagram is not read"},
	"semiuri":    {200, ""},
	"transports": {200, ""},
	"mpart01":    {501, "well-formed, but MESSAGE is not spoken; the PKCS #7 part is shortened here"},
	"unreason":   {0, "well-formed, but answers no request of ours"},
	"noreason":   {0, "well-formed, but answers no request of ours"},
	"badinv01":   {400, ""},
	"clerr":      {400, "over UDP; a connection waits for the rest and then ends"},
	"ncl":        {400, "over UDP; a connection ends"},
	"scalar02":   {400, ""},
	"scalarlg":   {0, ""},
	"quotbal":    {400, ""},
	"ltgtruri":   {400, ""},
	"lwsruri":    {400, ""},
	"lwsstart":   {400, ""},
	"trws":       {400, ""},
	"escruri":    {400, ""},
	"baddate":    {404, "the RFC lets who does not use Date ignore it"},
	"regbadct":   {400, ""},
	"badaspec":   {400, ""},
	"baddn":      {400, ""},
	"badvers":    {505, ""},
	"mismatch01": {400, ""},
	"mismatch02": {400, "the RFC allows 400 and 501"},
	"bigcode":    {0, ""},
	"badbranch":  {200, "its branch is taken for none"},
	"insuf":      {400, ""},
	"unkscm":     {416, ""},
	"novelsc":    {416, ""},
	"unksm2":     {400, ""},
	"bext01":     {420, "Unsupported lists what Require has"},
	"invut":      {415, "with Accept"},
	"regaut01":   {200, "401 where the handler asks for a password: the scheme is as good as none"},
	"multi01":    {400, ""},
	"mcl01":      {400, "over UDP; a connection ends"},
	"bcast":      {0, "two Via: it was not sent for a request of ours"},
	"zeromf":     {200, "an endpoint answers OPTIONS itself; INVITE with 0 gets 483"},
	"cparam01":   {200, ""},
	"cparam02":   {200, ""},
	"regescrt":   {200, ""},
	"sdp01":      {406, ""},
	"inv2543":    {404, ""},
}

var special = regexp.MustCompile(`\{\{([^}]+)\}\}`)

// Cases gives all messages.
func Cases() ([]Case, error) {
	var cases []Case
	for part := range strings.SplitSeq("\n"+strings.TrimSuffix(file, "\n"), "\n== ") {
		if part = strings.TrimPrefix(part, "\n"); part == "" {
			continue
		}
		head, body, _ := strings.Cut(part, "\n")
		name, section, _ := strings.Cut(head, " ")
		v, ok := verdicts[name]
		if !ok {
			return nil, fmt.Errorf("nothing is said about %s", name)
		}
		body += "\n"
		var err error
		body = special.ReplaceAllStringFunc(strings.ReplaceAll(body, "\n", "\r\n"), func(s string) string {
			out, e := expand(s[2 : len(s)-2])
			if e != nil {
				err = e
			}
			return out
		})
		if err != nil {
			return nil, err
		}
		cases = append(cases, Case{Name: name, Section: section, Data: []byte(body), Want: v.want, Note: v.note})
	}
	if len(cases) != len(verdicts) {
		return nil, fmt.Errorf("%d messages, %d verdicts", len(cases), len(verdicts))
	}
	return cases, nil
}

// expand writes what stands in double braces: a byte in hex, a repetition, or
// the session description that most of the messages have.
func expand(s string) (string, error) {
	if address, ok := strings.CutPrefix(s, "sdp "); ok {
		return "v=0\r\no=mhandley 29739 7272939 IN IP4 " + address + "\r\ns=-\r\nc=IN IP4 " + address +
			"\r\nt=0 0\r\nm=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC", nil
	}
	if word, times, ok := strings.Cut(s, "*"); ok {
		n, err := strconv.Atoi(times)
		return strings.Repeat(word, n), err
	}
	b, err := hex.DecodeString(s)
	return string(b), err
}
