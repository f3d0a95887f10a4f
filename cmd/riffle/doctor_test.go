package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riffle-io/riffle/datasets/kafka"
)

func TestCheckTerminal(t *testing.T) {
	a := &app{out: &bytes.Buffer{}}
	for _, c := range []struct {
		env  string
		want string // check status, of each check that is not ok
	}{
		{"TERM=xterm LANG=en_US.UTF-8", "terminal warn"}, // a buffer is no terminal
		{"TERM=xterm LC_ALL=C LANG=en_US.UTF-8", "terminal warn, characters warn"},
		{"TERM=vt100 LC_CTYPE=C.utf8", "terminal warn, colours warn"},
		{"TERM=vt100 NO_COLOR=1 LC_CTYPE=C.utf8", "terminal warn"},
	} {
		env := map[string]string{}
		for _, kv := range strings.Fields(c.env) {
			k, v, _ := strings.Cut(kv, "=")
			env[k] = v
		}
		var got []string
		for _, k := range a.checkTerminal(func(name string) string { return env[name] }) {
			if k.Status != checkOK {
				got = append(got, k.Check+" "+k.Status)
				if k.Hint == "" {
					t.Errorf("%s: %s has no hint", c.env, k.Text)
				}
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %q, want %q", c.env, got, c.want)
		}
	}
}

func TestCheckDir(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if c := checkDir("state", filepath.Join(dir, "not", "there"), "hint"); c.Status == checkFail {
		t.Errorf("a directory that can be made: %+v", c)
	}
	if c := checkDir("state", filepath.Join(file, "below"), "set it"); c.Status != checkFail || c.Hint != "set it" {
		t.Errorf("below a file: %+v", c)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("the check left files: %v %v", left, err)
	}
}

func TestDoctor(t *testing.T) {
	b, err := kafka.StartBroker(kafka.BrokerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	gone, err := kafka.StartBroker(kafka.BrokerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	r := &rig{t: t, dir: t.TempDir()}
	t.Setenv("RIFFLE_HOME", r.path("home"))
	doctor := func(code int, args ...string) (ok bool, found map[string][]string) {
		t.Helper()
		c := r.start(append([]string{"doctor", "--json"}, args...)...)
		if got, stderr := c.wait(); got != code || stderr != "" {
			t.Fatalf("exit %d, want %d: %s", got, code, stderr)
		}
		var ans doctorAnswer
		if err := json.Unmarshal(c.out.Bytes(), &ans); err != nil {
			t.Fatalf("%v: %s", err, c.out.String())
		}
		found = map[string][]string{}
		for _, c := range ans.Checks {
			found[c.Check] = append(found[c.Check], c.Status+": "+c.Text)
		}
		return ans.OK, found
	}
	if ok, found := doctor(0, b.Addr()); !ok || !strings.Contains(found["broker"][0], "ok: "+b.Addr()+" answers") || !strings.Contains(found["job server"][0], "none runs; the first") {
		t.Errorf("%v %v", ok, found)
	}
	ok, found := doctor(1, gone.Addr(), "kafka://"+b.Addr()+"/nothing", "kafka://x")
	if ok || len(found["broker"]) != 3 {
		t.Fatalf("%v %v", ok, found)
	}
	for i, want := range []string{"fail: " + gone.Addr(), "fail: " + b.Addr() + " answers, but has no topic nothing", "fail: x:"} {
		if !strings.HasPrefix(found["broker"][i], want) {
			t.Errorf("broker %q, want %q", found["broker"][i], want)
		}
	}
}
