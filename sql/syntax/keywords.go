package syntax

import (
	"maps"
	"slices"
	"strings"
)

// reserved words are never names unless quoted.
var reserved = words(`all and any array as asc both case cast create cross desc distinct else except
	false fetch for from full group having ilike in inner intersect into is join lateral leading left
	like limit natural not null on or order primary qualify right select some table then trailing true
	union unique using when where with current_date current_time current_timestamp localtime
	localtimestamp`)

// notAlias words are legal names, but not as an alias without AS, since they can follow there as
// keywords.
var notAlias = words(`anti asof at between end escape exclude filter ignore isnull notnull
	offset outer over respect semi set similar tablesample values window within`)

// others are the remaining words with a meaning in some position.
var others = words(`analyze comment copy cube current date day describe descriptor drop enforced
	exists explain extract first following format functions grouping groups hour if
	insert interval key last materialized metadata microsecond millisecond minute month next no nulls
	only of offset ordinality over overlay partition partitioned placing position preceding quarter
	range recursive replace reset rollup row rows second sets show substring symmetric system_time
	tables temp temporary ties time timestamp timestamptz to trim try_cast unbounded unknown
	view views virtual watermark week year zone`)

// niladic words are functions called without parentheses.
var niladic = words(`current_date current_time current_timestamp localtime localtimestamp`)

func words(s string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// Keywords returns all words with a meaning in the grammar, in upper case and sorted, for
// highlighting and completion. The caller owns the slice.
func Keywords() []string {
	all := make(map[string]bool)
	for _, set := range []map[string]bool{reserved, notAlias, others} {
		for w := range set {
			all[strings.ToUpper(w)] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// IsReserved tells whether word, in any case, must be quoted to be a name.
func IsReserved(word string) bool { return reserved[strings.ToLower(word)] }
