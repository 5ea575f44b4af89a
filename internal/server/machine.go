package server

import (
	"bytes"
	"io/fs"
	"os"
	"slices"
)

// memoryEncryption says what encrypts the memory of the machine that the program runs
// on, as far as the kernel tells everybody; "" where it does not say that anything does.
// That a processor could (sme, sev, tme) is not enough: whether firmware and kernel use
// it is not to be read without rights. root is the machine's file system.
func memoryEncryption(root fs.FS) string {
	there := func(name string) bool {
		_, err := fs.Stat(root, name)
		return err == nil
	}
	info, _ := fs.ReadFile(root, "proc/cpuinfo")
	_, flags, _ := bytes.Cut(info, []byte("\nflags"))
	flags, _, _ = bytes.Cut(flags, []byte("\n"))
	secure, _ := fs.ReadFile(root, "sys/firmware/uv/prot_virt_guest")
	switch {
	case slices.ContainsFunc(bytes.Fields(flags), func(f []byte) bool { return string(f) == "tdx_guest" }), there("sys/class/misc/tdx_guest"):
		return "Intel TDX"
	case there("sys/class/misc/sev-guest"), there("sys/devices/system/cpu/sev/vmpl"):
		return "AMD SEV-SNP"
	case string(bytes.TrimSpace(secure)) == "1":
		return "IBM Secure Execution"
	}
	return ""
}

// machine is the file system of this one.
func machine() fs.FS { return os.DirFS("/") }
