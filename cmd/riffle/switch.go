package main

import (
	"bytes"
	"context"
	"os"
	"runtime"

	"github.com/muesli/cancelreader"
	"github.com/peterh/liner"

	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui"
)

// both is one session in two clothes: ctrl-t turns the line REPL into the screens and back.
type both struct {
	a  *app
	s  *repl.Session
	sc *tui.Screens // nil: not shown yet
}

// show shows the screens with a statement in their editor, until the person goes back to the lines, or
// leaves.
func (b *both) show(ctx context.Context, text string) (leave bool, err error) {
	if b.sc == nil {
		if b.sc, err = tui.New(ctx, b.a.screenOptions(tui.Options{Session: b.s})); err != nil {
			return false, err
		}
	}
	if text != "" {
		b.sc.Insert(text)
	}
	lines, err := b.sc.Run(ctx)
	return !lines && err == nil, err
}

func (b *both) close() {
	if b.sc != nil {
		b.sc.Close()
	}
}

const (
	ctrlT = 0x14
	// screensMark is put before the line when ctrl-t was pressed. It is of the private use area: no
	// keyboard has it.
	screensMark = "\uE014"
)

// turned is what the line editor reads in place of ctrl-t: to the begin of the line, the mark, enter.
var turned = []byte("\x01" + screensMark + "\r")

// watchedKeys stands between the terminal and the line editor, which knows no key for the screens.
//
//	terminal ─► pass (only while a line is read) ─► pipe ─► line editor
type watchedKeys struct {
	terminal *os.File
	out      *os.File // the editor's end is its standard input
	in       *os.File
}

// openLiner makes the line editor, with its keys watched where it reads them as bytes. With an error
// it works, unwatched.
func openLiner() (*liner.State, *watchedKeys, error) {
	if runtime.GOOS == "windows" { // it asks the console
		return liner.NewLiner(), nil, nil
	}
	in, out, err := os.Pipe()
	if err != nil {
		return liner.NewLiner(), nil, err
	}
	k := &watchedKeys{terminal: os.Stdin, in: in, out: out}
	os.Stdin = in // which the editor takes its keys from; the modes are those of descriptor 0
	l := liner.NewLiner()
	os.Stdin = k.terminal
	return l, k, nil
}

func (k *watchedKeys) close() {
	k.in.Close()
	k.out.Close()
}

// pass hands keys on until stop is called. What was typed ahead stays with the line editor.
func (k *watchedKeys) pass() (stop func(), err error) {
	r, err := cancelreader.NewReader(k.terminal)
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, err := r.Read(buf)
			if _, werr := k.out.Write(bytes.ReplaceAll(buf[:n], []byte{ctrlT}, turned)); err != nil || werr != nil {
				return
			}
		}
	}()
	return func() {
		r.Cancel()
		<-done
		r.Close()
	}, nil
}
