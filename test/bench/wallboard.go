package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

var pageLine = regexp.MustCompile(`(?m)^(\w+) ([0-9.]+) ms <=([0-9.]+)$`)

// wallboard is what the supervisor's room costs a browser's main thread. The
// page is the built one; web/test/wallboard.bench.ts feeds and measures it.
func wallboard(r *run) error {
	return r.pageFigures("bench", nil, "main thread of a real browser; 200 agents, 12 queues")
}

// pageFigures takes those that a script of web/ prints.
func (r *run) pageFigures(script string, env []string, how string) error {
	cmd := exec.CommandContext(r.ctx, "npm", "run", "--silent", script)
	cmd.Dir, cmd.Env = filepath.Join(r.root, "web"), append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	lines := pageLine.FindAllSubmatch(out, -1)
	if len(lines) == 0 {
		return fmt.Errorf("the page's benchmark printed no figure:\n%s", out)
	}
	for _, m := range lines {
		value, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			return err
		}
		goal, err := strconv.ParseFloat(string(m[3]), 64)
		if err != nil {
			return err
		}
		r.figure(string(m[1]), value, "ms", atMost, goal, how)
	}
	return nil
}
