package vfs

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// syncDir only checks that the directory exists: NTFS journals its entries, and Windows has no
// call to flush a directory.
func syncDir(dir string) error {
	_, err := os.Stat(dir)
	return err
}

// lockOffset is where the locked byte lies. Windows locks are mandatory, so the byte must be out
// of the way of those who read the process id at the start of the file.
const lockOffset = 1 << 30

func lockFile(f *os.File) error {
	at := &windows.Overlapped{Offset: lockOffset}
	err := windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}

func osNoSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}
