package render

import (
	"bufio"

	"github.com/riffle-io/riffle/dataflow/vec"
	"github.com/riffle-io/riffle/datasets/json"
)

// jsonRows writes one object a row: as lines, or as the elements of one array.
type jsonRows struct {
	out   *bufio.Writer
	o     Options
	array bool
	rows  int
	keys  [][]byte
	buf   []byte
}

func (j *jsonRows) Write(b *vec.Batch) error {
	if j.keys == nil {
		for i, n := range j.o.Names {
			k := []byte{','}
			if i == 0 && !j.o.Ops {
				k = nil
			}
			j.keys = append(j.keys, append(json.AppendString(k, []byte(n)), ':'))
		}
	}
	for k, n := 0, b.Live(); k < n; k++ {
		i := b.Row(k)
		buf := j.buf[:0]
		if j.array {
			if j.rows == 0 {
				buf = append(buf, '[', '\n')
			} else {
				buf = append(buf, ',', '\n')
			}
		}
		j.rows++
		buf = append(buf, '{')
		if j.o.Ops {
			buf = append(append(append(buf, `"_op":"`...), vec.OpNames[b.Op(i)]...), '"')
		}
		for c, v := range b.Cols {
			buf = json.AppendValue(append(buf, j.keys[c]...), v, i)
		}
		buf = append(buf, '}')
		if !j.array {
			buf = append(buf, '\n')
		}
		j.buf = buf
		if _, err := j.out.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

func (j *jsonRows) Flush() error { return j.out.Flush() }

func (j *jsonRows) Close() error {
	if j.array {
		if j.rows == 0 {
			j.out.WriteByte('[')
		}
		j.out.WriteString("\n]\n")
	}
	return j.out.Flush()
}
