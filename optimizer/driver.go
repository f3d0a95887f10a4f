// Package optimizer turns logical plans into physical ones.
//
//	logical plan ── rules, to a fixpoint ──► better logical plan ── physical ──► exchanges, methods, modes
//	                                                                               └─► runtime filters
//
// Each rule is one file and rewrites locally. The driver walks, repeats, and checks after every
// rule that the columns are the same, blaming the rule by name; a failing rule fails the query.
// With the optimizer off only the physical choice is made: the answers are the same, which is how
// the rules are tested.
//
// What it does not do: it reads no data. Statistics are what the tables know without reading rows.
package optimizer

import (
	"errors"
	"fmt"

	"github.com/riffle-io/riffle/dataflow/plan"
)

// Rule is a local rewrite of one node. Apply returns false when the node stays as it is.
type Rule interface {
	Name() string
	Apply(n plan.Node) (plan.Node, bool)
}

// ErrRule means that a rule broke a plan: a bug in riffle.
var ErrRule = errors.New("optimizer rule changed the columns of the plan")

// maxPasses bounds the rewriting; plans seen so far settle in 4.
const maxPasses = 20

// Options says how to optimize. The zero value applies all rules.
type Options struct {
	Off bool // make the physical choice only
	// KeepColumns keeps scans under windows from dropping columns, so that late rows can be shown
	// in full.
	KeepColumns bool
	// Observe is told what each rule made.
	Observe func(rule string, n plan.Node)
}

type ruleFunc struct {
	name string
	fn   func(plan.Node) (plan.Node, bool)
}

func (r ruleFunc) Name() string                        { return r.name }
func (r ruleFunc) Apply(n plan.Node) (plan.Node, bool) { return r.fn(n) }

// Rules is the list, in the order in which they are tried.
var Rules = []Rule{
	ruleFunc{"fold", fold},                  // first: later rules look for literals
	ruleFunc{"factor_or", factorOr},         // before pushdown: it frees join keys out of OR
	ruleFunc{"inner_join", innerJoin},       // before pushdown: inner joins let more predicates through
	ruleFunc{"pushdown", pushdown},          // before join order: it turns cross joins into keyed ones
	ruleFunc{"semi_join", pushSemi},         // after pushdown, which makes the joins below
	ruleFunc{"merge_project", mergeProject}, // after pushdown, which leaves stacks of projections
	ruleFunc{"distinct", splitDistinct},
	ruleFunc{"topn", topN},
	ruleFunc{"window", fuseWindow}, // after merge_project: it looks through one projection only
}

// Optimize rewrites a logical plan and makes it physical.
func Optimize(n plan.Node, opts Options) (plan.Node, error) {
	if !opts.Off {
		var err error
		if n, err = rewrite(n, opts); err != nil {
			return nil, err
		}
	}
	n, err := physical(n)
	if err != nil || opts.Off {
		return n, err
	}
	for _, pass := range []ruleTree{{"clustered", clusterGroups}, {"pre_aggregate", preAggregate}, {"runtime_filter", runtimeFilters}} {
		out := pass.fn(n)
		if err := check(pass.name, n, out); err != nil {
			return nil, err
		}
		n = out
	}
	return n, nil
}

// Logical applies the rules and makes no physical choice; for EXPLAIN and tests.
func Logical(n plan.Node, opts Options) (plan.Node, error) { return rewrite(n, opts) }

func rewrite(n plan.Node, opts Options) (plan.Node, error) {
	n, err := fixpoint(n, opts)
	if err != nil {
		return nil, err
	}
	// Join order looks at whole trees of joins, and pruning at what a node's parents need: they
	// are passes of their own, after which the local rules tidy up. What an OR says of one side comes
	// first: it changes how many rows the joins are expected to have.
	for _, pass := range []ruleTree{{"or_sides", orSides}, {"join_order", orderJoins}, {"prune", func(n plan.Node) plan.Node { return prune(n, opts.KeepColumns) }}} {
		out := pass.fn(n)
		if err := check(pass.name, n, out); err != nil {
			return nil, err
		}
		n = out
		if opts.Observe != nil {
			opts.Observe(pass.name, n)
		}
		if n, err = fixpoint(n, opts); err != nil {
			return nil, err
		}
	}
	out := pushIntoScans(n)
	return out, check("scan_filter", n, out)
}

type ruleTree struct {
	name string
	fn   func(plan.Node) plan.Node
}

func fixpoint(n plan.Node, opts Options) (plan.Node, error) {
	for pass := 0; pass < maxPasses; pass++ {
		changed := false
		for _, r := range Rules {
			var err error
			hit := false
			out := plan.Transform(n, func(x plan.Node) plan.Node {
				y, ok := r.Apply(x)
				if !ok || err != nil {
					return x
				}
				if err = check(r.Name(), x, y); err != nil {
					return x
				}
				hit = true
				return y
			})
			if err != nil {
				return nil, err
			}
			if hit {
				n, changed = out, true
				if opts.Observe != nil {
					opts.Observe(r.Name(), n)
				}
			}
		}
		if !changed {
			return n, nil
		}
	}
	return n, nil
}

// check compares the columns before and after a rule.
func check(rule string, before, after plan.Node) error {
	b, a := before.Schema(), after.Schema()
	if len(b.Fields) != len(a.Fields) {
		return fmt.Errorf("%w: %s: %s became %s", ErrRule, rule, b, a)
	}
	for i := range b.Fields {
		if b.Fields[i].Type != a.Fields[i].Type {
			return fmt.Errorf("%w: %s: %s became %s", ErrRule, rule, b, a)
		}
	}
	return nil
}
