package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/riffle-io/riffle/jobs"
	"github.com/riffle-io/riffle/repl"
	"github.com/riffle-io/riffle/tui"
)

func (a *app) recordCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "record", Short: "Keep what is known of a job in a file, and look at it later", Args: oneOfIts,
		Example: "  riffle record save hourly hourly.json\n  riffle record open hourly.json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	open := &cobra.Command{Use: "open FILE", Short: "Look at a recording in the Jobs screen; without a terminal, print it", Example: "  riffle record open hourly.json", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.openRecording(cmd.Context(), args[0]) }}
	cmd.AddCommand(a.recordSave(), open)
	return cmd
}

func (a *app) recordSave() *cobra.Command {
	yes := false
	cmd := a.jobCommand("save JOB FILE", "Keep a job's operators, events, findings and its hour of metrics in a file", "riffle record save hourly hourly.json", 2, func(ctx context.Context, c *repl.Jobs, args []string) error {
		r, err := c.Record(ctx, args[0])
		if err != nil {
			return err
		}
		data, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if err := a.writeFile(args[1], string(data)+"\n", yes); err != nil {
			return err
		}
		return a.did(ctx, c, args[0], jobAnswer{Action: "record save", Job: &r.Job.Info, File: args[1]}, "recorded %s: %d samples; riffle record open %s looks at it", args[0], len(r.Samples), args[1])
	})
	cmd.Flags().BoolVar(&yes, "yes", false, "overwrite a file that is there")
	return cmd
}

// openRecording shows a recording: the screens look at it through a server of this process that
// answers like the one that it was taken from.
func (a *app) openRecording(ctx context.Context, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return usage("%v", err)
	}
	defer f.Close()
	r, err := jobs.ReadRecording(f)
	if err != nil {
		return usage("%s: %v", file, err)
	}
	if !a.onTerminal() || a.plain {
		if a.json {
			return a.printJSON(r)
		}
		fmt.Fprintf(a.out, "recorded %s, %d samples\n", r.Taken.Format("2006-01-02 15:04:05"), len(r.Samples))
		return a.printDetail(r.Job)
	}
	dir, err := os.MkdirTemp("", "riffle-rec")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sock := filepath.Join(dir, "s")
	l, err := net.Listen("unix", sock)
	if err != nil {
		return err
	}
	h := &http.Server{Handler: r.Handler()}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	a.server = repl.ServerAddress{Addr: sock}
	err = a.screens(ctx, tui.Options{Screen: "jobs"}, func(*repl.Session) error { return nil })
	h.Close()
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}
