package widget

import "strings"

// setNormal leaves INSERT: the cursor stands on a rune, not behind the line.
func (e *Editor) setNormal() {
	e.mode, e.pending = Normal, ""
	e.Dismiss()
	b := e.Buffer()
	if b.pos > b.lineStart(b.pos) {
		b.MoveTo(b.prev(b.pos))
	}
	b.typing = false
}

func (e *Editor) setInsert(pos int) {
	e.mode = Insert
	e.Buffer().MoveTo(pos)
}

// normalKey handles a key of NORMAL. What it does not know goes to the screen.
func (e *Editor) normalKey(k string) bool {
	if e.pending != "" {
		op := e.pending
		e.pending = ""
		return k == "esc" || e.twoKeys(op, k)
	}
	switch k {
	case "d", "c", "y", "g":
		e.pending = k
		return true
	}
	done := e.motion(k) || e.enterInsert(k) || e.edit(k) || e.move(k)
	e.clampNormal()
	return done
}

// Pending returns the first key of a command of two, "" when none waits.
func (e *Editor) Pending() string { return e.pending }

func (e *Editor) clampNormal() {
	b := e.Buffer()
	if e.mode == Normal && b.pos == b.lineEnd(b.pos) && b.pos > b.lineStart(b.pos) {
		goal := b.goal
		b.MoveTo(b.prev(b.pos))
		b.goal = goal
	}
}

// motion moves the cursor.
func (e *Editor) motion(k string) bool {
	b := e.Buffer()
	if k == "j" || k == "k" {
		n := 1
		if k == "k" {
			n = -1
		}
		b.vertical(n)
		return true
	}
	to, ok := e.target(k)
	if ok {
		b.MoveTo(to)
	}
	return ok
}

// target is where a motion within the text ends.
func (e *Editor) target(k string) (int, bool) {
	b := e.Buffer()
	start, end := b.lineStart(b.pos), b.lineEnd(b.pos)
	switch k {
	case "h":
		return max(start, b.prev(b.pos)), true
	case "l", "space":
		return min(end, b.next(b.pos)), true
	case "w":
		return b.wordOn(b.pos), true
	case "b":
		return b.wordBack(b.pos), true
	case "e":
		return b.wordEnd(b.pos), true
	case "0":
		return start, true
	case "^":
		line := b.text[start:end]
		return start + len(line) - len(strings.TrimLeft(line, " \t")), true
	case "$":
		return end, true
	case "G":
		return b.lineStart(len(b.text)), true
	}
	return 0, false
}

// enterInsert handles the keys that begin INSERT.
func (e *Editor) enterInsert(k string) bool {
	b := e.Buffer()
	start, end := b.lineStart(b.pos), b.lineEnd(b.pos)
	switch k {
	case "i":
		e.setInsert(b.pos)
	case "a":
		e.setInsert(min(end, b.next(b.pos)))
	case "I":
		pos, _ := e.target("^")
		e.setInsert(pos)
	case "A":
		e.setInsert(end)
	case "o":
		b.Replace(end, end, "\n")
		e.setInsert(end + 1)
	case "O":
		b.Replace(start, start, "\n")
		e.setInsert(start)
	case "C":
		e.cut(b.pos, end, false)
		e.setInsert(b.pos)
	case "s":
		e.cut(b.pos, min(end, b.next(b.pos)), false)
		e.setInsert(b.pos)
	default:
		return false
	}
	return true
}

// edit handles the keys that change text and stay in NORMAL.
func (e *Editor) edit(k string) bool {
	b := e.Buffer()
	end := b.lineEnd(b.pos)
	switch k {
	case "x":
		if b.pos < end {
			e.cut(b.pos, b.next(b.pos), false)
		}
	case "D":
		e.cut(b.pos, end, false)
	case "J":
		if end < len(b.text) {
			rest := b.text[end+1:]
			trimmed := strings.TrimLeft(rest, " \t")
			b.Replace(end, end+1+len(rest)-len(trimmed), " ")
			b.MoveTo(end)
		}
	case "p":
		e.put()
	case "u":
		b.Undo()
	case "U":
		b.Redo()
	default:
		return false
	}
	return true
}

// cut removes from..to and keeps it for p.
func (e *Editor) cut(from, to int, lines bool) {
	b := e.Buffer()
	if from >= to && !lines {
		return
	}
	e.register, e.linewise = b.text[from:to], lines
	b.Replace(from, to, "")
}

func (e *Editor) put() {
	if e.register == "" {
		return
	}
	b := e.Buffer()
	end := b.lineEnd(b.pos)
	if e.linewise {
		b.Replace(end, end, "\n"+strings.TrimSuffix(e.register, "\n"))
		b.MoveTo(end + 1)
		return
	}
	at := min(end, b.next(b.pos))
	b.Replace(at, at, e.register)
	b.MoveTo(b.prev(b.pos))
}

// twoKeys handles a command of an operator and a motion.
func (e *Editor) twoKeys(op, k string) bool {
	b := e.Buffer()
	if op == "g" {
		if k == "g" {
			b.MoveTo(0)
		}
		return k == "g"
	}
	if op == k {
		e.wholeLine(op)
		return true
	}
	if op == "c" && k == "w" { // as vi: to the end of the word
		k = "e"
	}
	to, ok := e.target(k)
	if !ok {
		return true // the command is dropped, the key with it
	}
	if k == "e" && to < len(b.text) {
		to = b.next(to)
	}
	from, to := min(b.pos, to), max(b.pos, to)
	if op == "y" {
		e.register, e.linewise = b.text[from:to], false
		b.MoveTo(from)
		return true
	}
	e.cut(from, to, false)
	if op == "c" {
		e.setInsert(from)
	}
	e.clampNormal()
	return true
}

// wholeLine handles dd, cc and yy.
func (e *Editor) wholeLine(op string) {
	b := e.Buffer()
	start, end := b.lineStart(b.pos), b.lineEnd(b.pos)
	switch op {
	case "y":
		e.register, e.linewise = b.text[start:end]+"\n", true
	case "c":
		e.cut(start, end, false)
		e.linewise = true
		e.setInsert(start)
	case "d":
		register := b.text[start:end] + "\n"
		if end < len(b.text) {
			end++
		} else if start > 0 {
			start--
		}
		e.cut(start, end, true)
		e.register = register
		b.MoveTo(b.lineStart(min(b.pos, len(b.text))))
	}
	e.clampNormal()
}
