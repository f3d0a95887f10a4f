package repl

import (
	"os/exec"
	"syscall"
)

// errPipe is what writing to a pipe without a reader returns: ERROR_NO_DATA.
var errPipe error = syscall.Errno(232)

// detachedProcess is DETACHED_PROCESS: no console.
const detachedProcess = 0x00000008

// Detach makes a command outlive its parent and its terminal.
func Detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | detachedProcess}
}
