package repl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/riffle-io/riffle/datasets/parquet"
	"github.com/riffle-io/riffle/repl/render"
)

// CompactRequest asks for one copy of Parquet files, with their rows in the order in which they are
// and full row groups.
type CompactRequest struct {
	Paths  []string // files, directories and globs
	Out    string   // the copy, which must not exist
	DryRun bool     // only tell
}

// Compaction tells what was written, or would be.
type Compaction struct {
	Out     string         `json:"out"`
	DryRun  bool           `json:"dry_run"`
	Before  parquet.Layout `json:"before"`
	After   parquet.Layout `json:"after"`
	Codec   string         `json:"codec"`
	Changes []string       `json:"changes,omitempty"` // that the copy has in another form, or not
}

// CompactParquet writes the copy, or with DryRun reads footers only. The copy appears when it is
// complete. Errors are ErrSyntax for a name that the copy cannot have, parquet.ErrLossy for files
// with values that a copy would not hold, ErrReadOnly, and those of reading and writing.
func (s *Session) CompactParquet(ctx context.Context, req CompactRequest) (*Compaction, error) {
	if err := checkCompactOut(req); err != nil {
		return nil, err
	}
	if !req.DryRun {
		if err := s.mayWrite(req.Out); err != nil {
			return nil, err
		}
	}
	t, err := parquet.Open(nil, req.Paths...)
	if err != nil {
		return nil, err
	}
	var c *parquet.Compaction
	if req.DryRun {
		c, err = t.PlanCompact()
	} else {
		c, err = t.Compact(ctx, nil, req.Out)
	}
	if err != nil {
		return nil, err
	}
	return &Compaction{Out: req.Out, DryRun: req.DryRun, Before: c.Before, After: c.After, Codec: c.Codec.String(), Changes: c.Changes}, nil
}

// checkCompactOut refuses a name for the copy that is taken, is not Parquet's, or is among the inputs.
func checkCompactOut(req CompactRequest) error {
	if !parquet.HasExt(req.Out) {
		return misuse("the copy %s needs a name that ends with %s", req.Out, strings.Join(parquet.Exts, ", "))
	}
	switch _, err := os.Lstat(req.Out); {
	case err == nil:
		return misuse("%s is there already: nothing is written over it", req.Out)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if _, err := os.Stat(filepath.Dir(req.Out)); err != nil {
		return err
	}
	for _, p := range req.Paths {
		in, err := takes(p, req.Out)
		if err != nil {
			return err
		}
		if in {
			return misuse("%s would be among the files of %s, which would have all rows twice: write it elsewhere", req.Out, p)
		}
	}
	return nil
}

// takes tells whether a source, a directory or a glob, would take the file out for one of its own.
func takes(source, out string) (bool, error) {
	from, err := realPath(source)
	if err != nil {
		return false, err
	}
	to, err := realPath(out)
	if err != nil {
		return false, err
	}
	if info, err := os.Stat(source); err == nil {
		return info.IsDir() && below(from, to), nil
	}
	if root, _, deep := strings.Cut(from, "**"); deep {
		return below(filepath.Dir(root+"x"), to), nil
	}
	return filepath.Match(from, to)
}

// realPath is a path from the root, through symbolic links as far as it exists.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for dir := path; ; {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest), nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return path, nil
		}
		dir, rest = up, filepath.Join(filepath.Base(dir), rest)
	}
}

// below tells whether a path is inside a directory.
func below(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// Text is the compaction for people.
func (c *Compaction) Text() string {
	line := func(name string, l parquet.Layout) string {
		size := "known when it is written"
		if l.Bytes >= 0 {
			size = render.Bytes(l.Bytes)
		}
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", name, render.Count(int64(l.Files)), render.Count(int64(l.RowGroups)), render.Count(l.Rows), size)
	}
	out := columnsText([]string{"\tfiles\trow groups\trows\tbytes", line("before", c.Before), line("after", c.After)})
	if c.Before.Files == 1 && c.After.RowGroups >= c.Before.RowGroups {
		out += "note: the row groups are full already\n"
	}
	for _, ch := range c.Changes {
		out += "note: " + ch + "\n"
	}
	if c.DryRun {
		return out + "would write " + c.Out + " (" + c.Codec + "); nothing was written\n"
	}
	return out + "wrote " + c.Out + " (" + c.Codec + ")\n"
}
