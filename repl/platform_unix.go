//go:build !windows

package repl

import "syscall"

// errPipe is what writing to a pipe without a reader returns.
var errPipe error = syscall.EPIPE
