package config

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is what a file of YAML holds; nil where that is nothing. A second document is
// a mistake, whose problem is second.
func (f *file) document(content []byte, second string) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(content))
	var first *yaml.Node
	for i := 0; ; i++ {
		var n yaml.Node
		err := d.Decode(&n)
		switch {
		case errors.Is(err, io.EOF):
			return first, nil
		case err != nil:
			return nil, Mistakes{f.notYAML(err)}
		case len(n.Content) == 0 || isNull(n.Content[0]):
		case i > 0:
			return nil, Mistakes{f.at(n.Content[0].Line, "", "%s", second)}
		default:
			first = n.Content[0]
		}
	}
}

// fault is how the library words one: with the line, counted from 1, if it knows it.
var fault = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// ofParser are the faults that the library finds after words and signs were told apart.
var ofParser = regexp.MustCompile(`^did not find expected (key|'-' indicator|',' or|<|node content)|^found (duplicate|undefined|incompatible) `)

// notYAML tells what is wrong with a file's form, without what stands in it, which may be
// a secret.
func (f *file) notYAML(err error) Mistake {
	found := fault.FindStringSubmatch(strings.SplitN(err.Error(), "\n", 2)[0])
	if found == nil || strings.Contains(found[2], "anchor") { // it is quoted
		return Mistake{Where: f.name, Problem: "This is not valid YAML."}
	}
	line, _ := strconv.Atoi(found[1])
	if line > 0 && ofParser.MatchString(found[2]) {
		line++ // of these it counts from 0
	}
	if line == 0 {
		return Mistake{Where: f.name, Problem: "This is not valid YAML: " + found[2] + "."}
	}
	return f.at(line, "", "This is not valid YAML: %s.", found[2])
}

// pairs are the settings of a mapping, each with its name.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(name, value *yaml.Node) bool) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// scalar is a plain value as it is written: no tag, no anchor.
func scalar(n *yaml.Node) (string, bool) {
	plain := n.Kind == yaml.ScalarNode && n.Anchor == "" && n.Style&yaml.TaggedStyle == 0
	return n.Value, plain && slices.Contains([]string{"!!str", "!!bool", "!!int", "!!float", "!!timestamp"}, n.ShortTag())
}

// word is a setting's name; false: it is none.
func word(n *yaml.Node) (string, bool) {
	name, ok := scalar(n)
	return name, ok && (n.ShortTag() == "!!str" || n.ShortTag() == "!!bool") // on: is one of YAML's words for true
}
