package repl

import (
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/riffle-io/riffle/datasets/files"
)

// completePath lists the files and directories that the string at the cursor may name. Directories
// end with a slash, so that one can go on.
func (s *Session) completePath(c *cursor) []Completion {
	dir, base := "", c.word
	if i := strings.LastIndexByte(c.word, '/'); i >= 0 {
		dir, base = c.word[:i+1], c.word[i+1:]
	}
	var out []Completion
	for _, e := range dataFiles(dir) {
		m := matchRank(strings.ToLower(base), strings.ToLower(e.name))
		if m < 0 {
			continue
		}
		text := strings.ReplaceAll(dir+e.name, "'", "''")
		if e.dir {
			out = append(out, Completion{Text: text + "/", Kind: KindDir, score: m*100 + 1})
			continue
		}
		out = append(out, Completion{Text: text, Kind: KindFile, Detail: sizeText(e.size), score: m * 100})
	}
	for _, addr := range s.brokers() {
		if url := "kafka://" + addr + "/"; strings.HasPrefix(url, c.word) && c.word != "" {
			out = append(out, Completion{Text: url, Kind: KindTopic, Detail: "broker"})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].score < out[j].score })
	return out[:min(len(out), maxCompletions)]
}

// files lists the files of the working directory as tables.
func (b *completer) files() {
	for _, e := range dataFiles("") {
		if e.dir {
			continue
		}
		b.add("'"+strings.ReplaceAll(e.name, "'", "''")+"'", e.name, KindFile, sizeText(e.size), rankFile)
	}
}

// dirEntry is a file that can be read as a table, or a directory.
type dirEntry struct {
	name string
	dir  bool
	size int64
}

// dataFiles lists a directory: directories, then files whose format is known, by name. One that
// cannot be read has none.
func dataFiles(dir string) (out []dirEntry) {
	at := dir
	if strings.HasPrefix(at, "~/") {
		if home, err := os.UserHomeDir(); err == nil {
			at = filepath.Join(home, at[2:])
		}
	}
	if at == "" {
		at = "."
	}
	list, err := os.ReadDir(at)
	if err != nil {
		return nil
	}
	for _, e := range list {
		if files.Hidden(e.Name()) {
			continue
		}
		info, err := os.Stat(filepath.Join(at, e.Name())) // follows links
		if err != nil {
			continue
		}
		if info.IsDir() {
			out = append(out, dirEntry{name: e.Name(), dir: true})
		} else if _, ok := formats[strings.ToLower(filepath.Ext(e.Name()))]; ok {
			out = append(out, dirEntry{name: e.Name(), size: info.Size()})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].dir && !out[j].dir })
	return out
}
