package files

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/riffle-io/riffle/internal/vfs"
)

// Hidden tells whether a base name is not data: temporary files, markers, checksums.
func Hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// Expand lists the files that paths name, each sorted by name. A path is a file; a directory, all
// files of which at any depth that end with one of exts are taken; or a pattern with *, ?, [ ] and
// ** for any number of directories. A path that names nothing is an error (fs.ErrNotExist).
func Expand(fsys vfs.FS, paths []string, exts ...string) ([]string, error) {
	var out []string
	for _, p := range paths {
		found, err := expand(fsys, p, exts)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func expand(fsys vfs.FS, path string, exts []string) ([]string, error) {
	info, err := fsys.Stat(path)
	switch {
	case err == nil && !info.IsDir:
		return []string{path}, nil
	case err == nil:
		out, err := walk(fsys, path, exts, nil)
		if err == nil && len(out) == 0 {
			err = fmt.Errorf("directory %s has no %s files: %w", path, strings.Join(exts, ", "), fs.ErrNotExist)
		}
		return out, err
	case !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(path, "*?["):
		return nil, err
	}
	out, err := glob(fsys, path)
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("no file matches %s: %w", path, fs.ErrNotExist)
	}
	return out, err
}

// walk appends the files below dir.
func walk(fsys vfs.FS, dir string, exts []string, out []string) ([]string, error) {
	names, err := fsys.List(dir)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if Hidden(n) {
			continue
		}
		p := filepath.Join(dir, n)
		info, err := fsys.Stat(p)
		if err != nil {
			return nil, err
		}
		if info.IsDir {
			if out, err = walk(fsys, p, exts, out); err != nil {
				return nil, err
			}
		} else if hasExt(n, exts) {
			out = append(out, p)
		}
	}
	return out, nil
}

func hasExt(name string, exts []string) bool {
	for _, e := range exts {
		if strings.HasSuffix(strings.ToLower(name), e) {
			return true
		}
	}
	return len(exts) == 0
}

// glob lists the files that match a pattern.
func glob(fsys vfs.FS, pattern string) ([]string, error) {
	pattern = filepath.ToSlash(filepath.Clean(pattern))
	parts := strings.Split(pattern, "/")
	root := "."
	if parts[0] == "" {
		root, parts = "/", parts[1:]
	}
	for len(parts) > 1 && !strings.ContainsAny(parts[0], "*?[") {
		root, parts = filepath.Join(root, parts[0]), parts[1:]
	}
	for _, p := range parts {
		if _, err := filepath.Match(p, ""); err != nil {
			return nil, fmt.Errorf("pattern %s: %w", pattern, err)
		}
	}
	return match(fsys, root, parts, nil)
}

// match appends what matches parts below dir. Directories that cannot be listed match nothing.
func match(fsys vfs.FS, dir string, parts []string, out []string) ([]string, error) {
	names, err := fsys.List(dir)
	if err != nil {
		if info, e := fsys.Stat(dir); errors.Is(err, fs.ErrNotExist) || e == nil && !info.IsDir {
			return out, nil
		}
		return nil, err
	}
	if parts[0] == "**" && len(parts) > 1 {
		if out, err = match(fsys, dir, parts[1:], out); err != nil {
			return nil, err
		}
	}
	for _, n := range names {
		if Hidden(n) && !strings.HasPrefix(parts[0], n[:1]) {
			continue
		}
		p, below := filepath.Join(dir, n), parts[1:]
		if parts[0] == "**" {
			below = parts
		} else if ok, _ := filepath.Match(parts[0], n); !ok {
			continue
		}
		info, err := fsys.Stat(p)
		if err != nil {
			return nil, err
		}
		switch {
		case info.IsDir && len(below) > 0:
			if out, err = match(fsys, p, below, out); err != nil {
				return nil, err
			}
		case !info.IsDir && (len(below) == 0 || len(parts) == 1):
			out = append(out, p)
		}
	}
	return out, nil
}
