package repl

import "syscall"

// errPipe is what writing to a pipe without a reader returns: ERROR_NO_DATA.
var errPipe error = syscall.Errno(232)
