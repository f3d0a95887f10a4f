package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/internal/vfs"
	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/repl"
)

// version is the release that this binary was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// serveFlags are the flags of riffle serve.
type serveFlags struct {
	dir, listen, cert, key, token, memory string
	prod                                  bool
}

// profile is what the server tells its clients about itself.
func (f serveFlags) profile() string {
	if f.prod {
		return jobs.ProfileProd
	}
	return jobs.ProfileDev
}

func (a *app) serveCommand() *cobra.Command {
	f := serveFlags{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the job server",
		Long: "Runs the jobs of a directory and answers on its unix socket. The first riffle promote starts one by itself.\n" +
			"Jobs run again after a crash, from their last checkpoints. Commands ask the server of $RIFFLE_HOME; of another\n" +
			"--state DIR they are told with --server DIR/riffle.sock. With --listen it answers on TCP as well, which needs a\n" +
			"certificate and a token; there is no open port.",
		Example: "  riffle serve --state ./riffle-state\n  riffle serve --listen :7433 --cert server.pem --key server.key --token-file token",
		Args:    exactly(0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.serve(cmd, f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.dir, "state", "", "directory of the jobs and their state (default: $RIFFLE_HOME, or riffle in the XDG state directory)")
	fl.StringVar(&f.listen, "listen", "", "TCP address to answer on as well")
	fl.StringVar(&f.cert, "cert", "", "certificate of the TCP address, PEM")
	fl.StringVar(&f.key, "key", "", "its key, PEM")
	fl.StringVar(&f.token, "token-file", "", "file with the token that requests on TCP must carry")
	fl.StringVar(&f.memory, "memory", "", "memory limit of all jobs together, such as 2GB (default: 60 % of the machine)")
	fl.BoolVar(&f.prod, "prod", os.Getenv("RIFFLE_PROD") != "", "in production: commands that end, replace or delete something ask for the job's name (also: $RIFFLE_PROD)")
	return cmd
}

func (a *app) serve(cmd *cobra.Command, f serveFlags) error {
	token, err := f.check()
	if err != nil {
		return err
	}
	var memory int64
	if f.memory != "" {
		if memory, err = repl.ParseBytes(f.memory); err != nil {
			return usage("--memory: %v", err)
		}
	}
	tuneCollector(memory)
	if f.dir == "" {
		if f.dir, err = jobs.DefaultDir(); err != nil {
			return err
		}
	}
	s, err := jobs.Open(jobs.Options{Dir: f.dir, Engine: repl.NewEngine(memory), Log: a.notice, Version: version(), Profile: f.profile()})
	if locked := new(vfs.LockedError); errors.As(err, &locked) {
		return fmt.Errorf("%w; riffle jobs talks to it, kill %d ends it", err, locked.PID)
	}
	if err != nil {
		return err
	}
	defer s.Close()
	local, err := s.Listen()
	if err != nil {
		return err
	}
	listeners := map[net.Listener]string{local: ""}
	if f.listen != "" {
		l, err := jobs.ListenTLS(f.listen, f.cert, f.key)
		if err != nil {
			return err
		}
		listeners[l] = token
	}
	var wg sync.WaitGroup
	errs := make(chan error, len(listeners))
	for l, token := range listeners {
		a.notice("%s job server of %s answers on %s", time.Now().Format(time.DateTime), s.Dir(), l.Addr())
		wg.Go(func() { errs <- s.Serve(cmd.Context(), l, token) })
	}
	err = <-errs
	wg.Wait()
	return err
}

// check reads the token and refuses an address without protection.
func (f serveFlags) check() (token string, err error) {
	if f.listen == "" {
		return "", nil
	}
	if f.cert == "" || f.key == "" || f.token == "" {
		return "", usage("--listen %s: a TCP address needs --cert, --key and --token-file; without --listen the unix socket is enough on this machine", f.listen)
	}
	data, err := os.ReadFile(f.token)
	if err != nil {
		return "", usage("--token-file: %v", err)
	}
	if token = strings.TrimSpace(string(data)); len(token) < 16 {
		return "", usage("--token-file %s: the token must have 16 characters or more", f.token)
	}
	return token, nil
}
