package repl

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestTwinOfAFile(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"orders.csv": "country,amount\nDE,3\n", "other.csv": "a,b\n1,2\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, _ := memSession(t)
	if err := s.Catalog().AddSource(t.Context(), "orders.csv"); err != nil {
		t.Fatal(err)
	}
	topic := func(table, name, columns string) string {
		return "CREATE TABLE " + table + " (" + columns + ") WITH ('connector'='kafka', 'topic'='" + name + "', 'properties.bootstrap.servers'='127.0.0.1:9', 'format'='json');"
	}
	if err := s.Execute(t.Context(), topic("live", "orders", "ts TIMESTAMP, country VARCHAR, amount BIGINT")+topic("more", "archive", "country VARCHAR, amount BIGINT")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ query, want, changes, order string }{
		{"select country, sum(amount) as s from orders group by country order by s desc limit 3;", "select country, sum(amount) as s from live AS orders group by country;",
			"live in place of orders; without order by s desc limit 3", "s-"},
		{"select o.country from 'orders.csv' as o where o.amount > 1 -- large", "select o.country from live as o where o.amount > 1 -- large", "live in place of orders.csv", ""},
		{"select country, sum(amount) as s from orders group by 1 order by 2 desc", "select country, sum(amount) as s from live AS orders group by 1", "live in place of orders; without order by 2 desc", "s-"},
		{"select country, sum(amount) from orders group by 1 order by 1", "select country, sum(amount) from live AS orders group by 1", "live in place of orders; without order by 1", "country"},
		{"select * from orders order by 3", "select * from live AS orders", "live in place of orders; without order by 3", ""},
		{"select * from orders limit 1000", "select * from live AS orders", "live in place of orders; without limit 1000", ""},
		{"with big as (select * from orders) select orders.amount from big, t orders", "with big as (select * from live AS orders) select orders.amount from big, live orders",
			"live in place of orders; live in place of t", ""},
	} {
		tw, err := s.Twin(t.Context(), c.query)
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		order := tw.Order
		if tw.Desc {
			order += "-"
		}
		if tw.Text != c.want || strings.Join(tw.Changes, "; ") != c.changes || order != c.order {
			t.Errorf("%s\ngot  %s | %s | %s\nwant %s | %s | %s", c.query, tw.Text, strings.Join(tw.Changes, "; "), order, c.want, c.changes, c.order)
		}
	}
	for _, q := range []string{"select * from 'other.csv'", "select * from live", "select 1", "create view v as select 1", "select 1; select 2", "select * from 'kafka://127.0.0.1:9/orders'"} {
		if _, err := s.Twin(t.Context(), q); !errors.Is(err, ErrNoTwin) {
			t.Errorf("%s: %v", q, err)
		}
	}
}
