package layering

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const module = "nubitalk/"

// levels names each folder of the house with its level. A package belongs to
// the longest folder that holds it.
var levels = map[string]int{
	"internal/base":    1,
	"internal/core":    2,
	"internal/store":   3,
	"internal/vault":   3,
	"internal/blob":    3,
	"internal/bus":     3,
	"internal/media":   3,
	"internal/channel": 4,
	"internal/app":     5,
	"internal/api":     6,
	"internal/server":  7,
	"cmd":              8,
	"web":              1, // the built pages, embedded
	"deploy":           1, // the example configuration, embedded
	"test":             9, // what needs the whole program
}

// rooms are folders whose subfolders are rooms of their own: acd and flow, or
// account and floor, are different rooms of one level. In any other folder all
// packages are one room.
var rooms = map[string]bool{"internal/core": true, "internal/app": true, "internal/channel": true}

// shared are the rooms that all of their level may import, because they hold
// only the words of it.
var shared = map[string][]string{
	"internal/channel": {"internal/channel"}, // what every channel says to the floor
	"internal/core":    {"internal/core/access", "internal/core/acd", "internal/core/alert", "internal/core/campaign", "internal/core/csvfile", "internal/core/dialplan", "internal/core/expression", "internal/core/flow", "internal/core/outside", "internal/core/privacy", "internal/core/quality", "internal/core/recording", "internal/core/webhook"},
}

// place is where a package stands.
type place struct {
	level  int
	folder string // of levels
	room   string
}

func placeOf(pkg string) (place, bool) {
	for dir := pkg; dir != "."; dir = path.Dir(dir) {
		level, ok := levels[dir]
		if !ok {
			continue
		}
		p := place{level: level, folder: dir, room: dir}
		if rooms[dir] && pkg != dir {
			first, _, _ := strings.Cut(strings.TrimPrefix(pkg, dir+"/"), "/")
			p.room = dir + "/" + first
		}
		return p, true
	}
	return place{}, false
}

// judge says why pkg may not import target, or "".
func judge(pkg, target string) string {
	from, ok := placeOf(pkg)
	if !ok {
		return fmt.Sprintf("%s stands in no folder of the table of levels", pkg)
	}
	to, ok := placeOf(target)
	switch {
	case !ok:
		return fmt.Sprintf("%s imports %s, which stands in no folder of the table of levels", pkg, target)
	case to.level > from.level:
		return fmt.Sprintf("%s (level %d) imports upward %s (level %d)", pkg, from.level, target, to.level)
	case to.level == 1, to.level < from.level, to.room == from.room:
		return ""
	case slices.Contains(shared[from.folder], to.room):
		return ""
	}
	return fmt.Sprintf("%s imports %s, another room of its own level %d", pkg, target, from.level)
}

// inspect reads every Go file under root and tells all that is wrong, in order.
// Tests may import test helpers of any level below theirs, and their own room.
func inspect(root fs.FS) (wrong []string, packages int, err error) {
	docs := map[string]bool{}
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := path.Base(name); base == "node_modules" || base == "testdata" || base == "artifacts" || base != "." && strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		pkg := path.Dir(name)
		if !strings.HasSuffix(name, "_test.go") {
			docs[pkg] = docs[pkg] || documents(name)
		}
		content, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range file.Imports {
			target, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			if rest, ok := strings.CutPrefix(target, module); ok {
				if problem := judge(pkg, rest); problem != "" {
					wrong = append(wrong, name+": "+problem)
				}
			}
		}
		return nil
	})
	for pkg, documented := range docs {
		if !documented {
			wrong = append(wrong, pkg+": has no doc.go that says what it owns")
		}
	}
	slices.Sort(wrong)
	return wrong, len(docs), err
}

// documents says whether a file is where a package's comment belongs: doc.go,
// or for the two folders of embedded files, their only one.
func documents(name string) bool {
	return path.Base(name) == "doc.go" || name == "web/web.go" || name == "deploy/deploy.go"
}
