package lookup

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"nubitalk/internal/base/errs"
)

// pick takes the values that are asked for out of an answer, by JSON pointer
// (RFC 6901). Text, numbers and yes or no are values; what is missing, null, a
// list or an object is "".
func pick(body []byte, results map[string]string) (map[string]string, error) {
	values := make(map[string]string, len(results))
	if len(results) == 0 {
		return values, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var whole any
	if d.Decode(&whole) != nil {
		return nil, errs.New(errs.Unavailable, "The system that was asked did not answer with JSON.")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errs.New(errs.Unavailable, "The system that was asked did not answer with JSON.")
	}
	for name, pointer := range results {
		values[name] = text(at(whole, pointer))
	}
	return values, nil
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// at follows a pointer; nil is nowhere.
func at(v any, pointer string) any {
	if pointer == "" {
		return v
	}
	for _, part := range strings.Split(pointer, "/")[1:] {
		part = unescape.Replace(part)
		switch in := v.(type) {
		case map[string]any:
			v = in[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(in) || strconv.Itoa(i) != part {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
