package canvas

// Glyphs are the characters that frames, bars and charts are drawn with.
type Glyphs struct {
	ASCII        bool
	Light, Heavy Border
	Full         rune   // filled part of a bar
	Empty        rune   // unfilled part of a gauge
	Eighths      []rune // widths of a bar's last cell, thinnest first; nil: whole cells only
	Spark        []rune // heights, lowest first
	Dot          rune   // separator between words
	Ellipsis     rune   // marks text that goes on
	Arrow        string // a free edge of a graph
	Blocked      string // an edge that waits
	HLine, VLine rune
	Cross        rune // where axes meet
}

// Border holds the corners and edges of a box, clockwise from the upper left corner.
type Border struct{ TL, T, TR, R, BR, B, BL, L rune }

var unicodeGlyphs = Glyphs{
	Light: Border{'┌', '─', '┐', '│', '┘', '─', '└', '│'},
	Heavy: Border{'┏', '━', '┓', '┃', '┛', '━', '┗', '┃'},
	Full:  '█', Empty: '·',
	Eighths: []rune("▏▎▍▌▋▊▉"),
	Spark:   []rune("▁▂▃▄▅▆▇█"),
	Dot:     '·', Ellipsis: '…',
	Arrow: "───>", Blocked: "═══>",
	HLine: '─', VLine: '│', Cross: '└',
}

var asciiGlyphs = Glyphs{
	ASCII: true,
	Light: Border{'+', '-', '+', '|', '+', '-', '+', '|'},
	Heavy: Border{'#', '=', '#', '#', '#', '=', '#', '#'},
	Full:  '#', Empty: '.',
	Spark: []rune("_.,-~=+#"),
	Dot:   '-', Ellipsis: '~',
	Arrow: "--->", Blocked: "===>",
	HLine: '-', VLine: '|', Cross: '+',
}
