package promote

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/riffle-io/riffle/dataflow/vec"
)

// bag is a result as a multiset of rows.
type bag struct {
	rows map[string]int64
	key  strings.Builder
}

// add counts rows; rows that are taken back count less.
func (g *bag) add(b *vec.Batch) error {
	for k, n := 0, b.Live(); k < n; k++ {
		i := b.Row(k)
		g.key.Reset()
		for _, v := range b.Cols {
			g.key.WriteString(cell(v, i))
			g.key.WriteByte(0)
		}
		by := int64(1)
		if op := b.Op(i); op == vec.UpdateBefore || op == vec.Delete {
			by = -1
		}
		text := g.key.String()
		if g.rows[text] += by; g.rows[text] == 0 {
			delete(g.rows, text)
		}
	}
	return nil
}

// cell is a value as text. Sums of floating-point numbers depend on the order of their rows, so that
// twelve digits are compared.
func cell(v *vec.Vec, i int) string {
	if v.IsNull(i) {
		return "\x01"
	}
	x := v.Value(i)
	if v.Type.Phys() == vec.PhysF64 {
		return strconv.FormatFloat(x.F, 'g', 12, 64)
	}
	return x.Format(v.Type)
}

func (g *bag) size() (n int64) {
	for _, k := range g.rows {
		n += k
	}
	return n
}

// differences counts the rows that are in one bag only, and shows one of them.
func (g *bag) differences(o *bag) (n int64, example string) {
	for r, k := range g.rows {
		if d := k - o.rows[r]; d != 0 {
			n += max(d, -d)
			if example == "" {
				example = strings.ReplaceAll(strings.TrimRight(r, "\x00"), "\x00", ", ")
			}
		}
	}
	for r, k := range o.rows {
		if g.rows[r] == 0 {
			n += k
			if example == "" {
				example = strings.ReplaceAll(strings.TrimRight(r, "\x00"), "\x00", ", ")
			}
		}
	}
	return n, example
}

// shadow runs the job's query as a stream and as a batch over the same records and compares. The
// stream's watermark waits for the latest row that was measured: what the chosen delay leaves out is
// counted beside, and every other difference is one of meaning.
func shadow(ctx context.Context, s Session, script string) (*Shadow, *Ran, error) {
	want, got := &bag{rows: map[string]int64{}}, &bag{rows: map[string]int64{}}
	if _, err := s.Run(ctx, script, RunOptions{}, want.add); err != nil {
		return nil, nil, fmt.Errorf("batch answer for the shadow run: %w", plainly(err))
	}
	ran, err := s.Run(ctx, script, RunOptions{Replay: true}, got.add)
	if err != nil {
		return nil, nil, fmt.Errorf("shadow run: %w", plainly(err))
	}
	n, example := want.differences(got)
	sh := &Shadow{Rows: want.size(), Equal: n == 0 && ran.Late == 0}
	switch {
	case ran.Late > 0:
		sh.Text = fmt.Sprintf("%d rows were late in the shadow run although its watermark waits for the latest row that was measured", ran.Late)
	case n > 0:
		sh.Text = fmt.Sprintf("%d rows differ between the stream and the batch answer of %d, such as (%s)", n, sh.Rows, example)
	default:
		sh.Text = fmt.Sprintf("shadow run over the same records: %d rows, equal to the batch answer", sh.Rows)
	}
	return sh, ran, nil
}
