package syntax

import "strings"

// over parses what follows OVER: a window name or a specification in parentheses.
func (p *parser) over() *WindowSpec {
	if p.isOp("(") {
		return p.windowSpec()
	}
	start := p.start()
	name := p.ident("a window name or (")
	return &WindowSpec{Span: p.span(start), Base: &name, Ref: true}
}

// windowSpec parses ([name] [PARTITION BY …] [ORDER BY …] [frame]).
func (p *parser) windowSpec() *WindowSpec {
	start := p.start()
	w := &WindowSpec{}
	p.expectOp("(", "before the window")
	if p.isAny("partition", "rows", "range", "groups") == "" && p.at().isName() {
		name := p.takeIdent()
		w.Base = &name
	}
	if p.accept("partition") {
		p.expect("by")
		w.PartitionBy = list(p, p.expr)
	}
	if p.accept("order") {
		p.expect("by")
		w.OrderBy = list(p, p.orderItem)
	}
	if unit := p.isAny("rows", "range", "groups"); unit != "" {
		w.Frame = p.frame(FrameUnit(strings.ToUpper(unit)))
	}
	p.expectOp(")", "to close the window")
	w.Span = p.span(start)
	return w
}

func (p *parser) frame(unit FrameUnit) *Frame {
	start := p.start()
	p.pos++
	f := &Frame{Unit: unit, Hi: Bound{Kind: CurrentRow}}
	if p.accept("between") {
		f.Lo = p.bound()
		p.expect("and")
		f.Hi = p.bound()
	} else {
		f.Lo = p.bound()
	}
	if p.accept("exclude") {
		f.Exclude = p.exclusion()
	}
	f.Span = p.span(start)
	switch {
	case f.Lo.Kind == UnboundedFollowing, f.Hi.Kind == UnboundedPreceding, f.Lo.Kind > f.Hi.Kind:
		p.failSpan(f.Span, "frame ends before it starts", "")
	}
	return f
}

func (p *parser) bound() Bound {
	switch {
	case p.accept("unbounded", "preceding"):
		return Bound{Kind: UnboundedPreceding}
	case p.accept("unbounded", "following"):
		return Bound{Kind: UnboundedFollowing}
	case p.accept("current", "row"):
		return Bound{Kind: CurrentRow}
	}
	x := p.operand(bpLike + 1) // AND is not part of it
	switch {
	case p.accept("preceding"):
		return Bound{Preceding, x}
	case p.accept("following"):
		return Bound{Following, x}
	}
	p.expected("PRECEDING or FOLLOWING", "")
	return Bound{}
}

func (p *parser) exclusion() string {
	switch {
	case p.accept("current", "row"):
		return "CURRENT ROW"
	case p.accept("group"):
		return "GROUP"
	case p.accept("ties"):
		return "TIES"
	case p.accept("no", "others"):
		return ""
	}
	p.expected("CURRENT ROW, GROUP, TIES or NO OTHERS", "behind EXCLUDE")
	return ""
}
