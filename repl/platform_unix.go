//go:build !windows

package repl

import (
	"os/exec"
	"syscall"
)

// errPipe is what writing to a pipe without a reader returns.
var errPipe error = syscall.EPIPE

// Detach makes a command outlive its parent and its terminal.
func Detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
