//go:build !windows

package repl

import (
	"os/exec"
	"syscall"
)

// errPipe is what writing to a pipe without a reader returns.
var errPipe error = syscall.EPIPE

// detach makes a process that outlives its parent and its terminal.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
