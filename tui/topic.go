package tui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui/canvas"
	"github.com/riffle-io/riffle/tui/widget"
)

// topics lists the topics of the brokers that the session knows.
func (e *explore) topics(ctx context.Context) (out []repl.Node, err error) {
	for _, root := range e.a.ses.Roots() {
		if root.Kind != repl.NodeBroker {
			continue
		}
		list, lerr := e.a.ses.Children(ctx, root.ID)
		out, err = append(out, list...), errors.Join(err, lerr)
	}
	return out, err
}

// withTopics asks the brokers and goes on with what they have.
func (e *explore) withTopics(then func([]repl.Node) tea.Cmd) tea.Cmd {
	return e.a.background(func(ctx context.Context) func() tea.Cmd {
		list, err := e.topics(ctx)
		return func() tea.Cmd {
			switch {
			case err != nil:
				e.a.say(canvas.Bad, firstLine(err.Error()))
				return nil
			case len(list) == 0:
				e.a.say(canvas.Warn, "no topic: name one as a source, riffle kafka://host:port/topic")
				return nil
			}
			return then(list)
		}
	})
}

// pickTopic lists the topics; enter reads one.
func (e *explore) pickTopic() tea.Cmd {
	return e.withTopics(func(list []repl.Node) tea.Cmd {
		p := &picker{name: "Topics", verb: "read"}
		for _, n := range list {
			p.items = append(p.items, widget.Item{Text: n.Label, Note: n.Detail})
		}
		p.choose = func(i int) tea.Cmd { return e.readTopic(list[i]) }
		return e.a.pick(p)
	})
}

// openTopic is :topic NAME.
func (e *explore) openTopic(name string) tea.Cmd {
	if name == "" {
		return e.pickTopic()
	}
	return e.withTopics(func(list []repl.Node) tea.Cmd {
		for _, n := range list {
			if n.Label == name {
				return e.readTopic(n)
			}
		}
		e.a.say(canvas.Bad, "no broker here has a topic "+name)
		return nil
	})
}

// readTopic shows the rows of a topic as they come.
func (e *explore) readTopic(n repl.Node) tea.Cmd {
	return tea.Batch(e.a.show("explore"), e.showRows(n)) // the screen of streams comes with the first row
}
