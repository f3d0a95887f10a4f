package main

import sys "golang.org/x/sys/windows"

// freeSpace is how many bytes of the file system of dir its user may still write; -1: not known.
func freeSpace(dir string) int64 {
	path, err := sys.UTF16PtrFromString(dir)
	if err != nil {
		return -1
	}
	var free uint64
	if sys.GetDiskFreeSpaceEx(path, &free, nil, nil) != nil {
		return -1
	}
	return int64(free)
}
