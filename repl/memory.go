package repl

import (
	"os"
	"strconv"
	"strings"
)

// unknownMemory is the size that a machine is taken to have when it does not say.
const unknownMemory = 4 << 30

// DefaultMemory is the limit of a process that was given none: 60 % of the machine, in bytes.
func DefaultMemory() int64 { return machineMemory() / 100 * 60 }

// machineMemory is the memory of the machine, or the cgroup's limit when that is lower, in bytes.
func machineMemory() int64 {
	total := int64(unknownMemory)
	if data, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			f := strings.Fields(line)
			if len(f) >= 2 && f[0] == "MemTotal:" {
				if kb, err := strconv.ParseInt(f[1], 10, 64); err == nil {
					total = kb << 10
				}
			}
		}
	}
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if data, err := os.ReadFile(path); err == nil {
			if n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64); err == nil && n > 0 {
				total = min(total, n)
			}
		}
	}
	return total
}
