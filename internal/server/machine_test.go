package server

import (
	"testing"
	"testing/fstest"
)

func TestMachinesThatEncryptTheirMemoryAreKnown(t *testing.T) {
	info := func(flags string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("processor\t: 0\nmodel name\t: tdx_guest\nflags\t\t: fpu " + flags + " aes\nbugs\t\t: tdx_guest\n")}
	}
	for name, test := range map[string]struct {
		root fstest.MapFS
		want string
	}{
		"nothing is to be read":      {fstest.MapFS{}, ""},
		"an ordinary machine":        {fstest.MapFS{"proc/cpuinfo": info("vme")}, ""},
		"a processor that could":     {fstest.MapFS{"proc/cpuinfo": info("sme sev sev_es sev_snp tme tdx_host_platform")}, ""},
		"Intel, by the processor":    {fstest.MapFS{"proc/cpuinfo": info("tdx_guest")}, "Intel TDX"},
		"Intel, by the driver":       {fstest.MapFS{"sys/class/misc/tdx_guest/dev": &fstest.MapFile{}}, "Intel TDX"},
		"AMD, by the driver":         {fstest.MapFS{"proc/cpuinfo": info("vme"), "sys/class/misc/sev-guest/dev": &fstest.MapFile{}}, "AMD SEV-SNP"},
		"AMD, by its privilege":      {fstest.MapFS{"sys/devices/system/cpu/sev/vmpl": &fstest.MapFile{Data: []byte("0\n")}}, "AMD SEV-SNP"},
		"IBM":                        {fstest.MapFS{"sys/firmware/uv/prot_virt_guest": &fstest.MapFile{Data: []byte("1\n")}}, "IBM Secure Execution"},
		"IBM, and it is not secured": {fstest.MapFS{"sys/firmware/uv/prot_virt_guest": &fstest.MapFile{Data: []byte("0\n")}}, ""},
	} {
		if got := memoryEncryption(test.root); got != test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
