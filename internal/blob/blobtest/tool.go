package blobtest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// tool builds the S3 server, which is a module of its own so that nothing of it is
// in the program's; Go keeps what it built.
var tool = sync.OnceValues(func() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	c := exec.Command("go", "tool", "-n", "versitygw")
	c.Dir = filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), "test", "peers", "s3")
	out, err := c.Output()
	if failed, ok := err.(*exec.ExitError); ok {
		err = fmt.Errorf("%w: %s", err, failed.Stderr)
	}
	return strings.TrimSpace(string(out)), err
})
