package jobs

import (
	"context"
	"strings"
)

// Between stops a job as Restart does, calls fn with what the registry wants of it at that moment, and
// starts it again.
func (s *Server) Between(ctx context.Context, name string, fn func(wanted string) error) error {
	return s.change(ctx, name, "restarted", "restarted", func() error {
		list, err := s.reg.list()
		for _, rec := range list {
			if rec.Spec.Name == name && err == nil {
				err = fn(rec.Want)
			}
		}
		return err
	}, func(*record) {})
}

// Uncommit makes a server forget that the last checkpoint of a job was committed, as a kill before the
// commit does.
func (s *Server) Uncommit(name string) error {
	return s.locked(name, func(j *job) error { j.rec.Committed = 0; return nil })
}

// Recorded is the events of a job that the registry has.
func (s *Server) Recorded(name string) ([]Event, error) {
	list, err := s.reg.list()
	for _, rec := range list {
		if rec.Spec.Name == name {
			return rec.Past, err
		}
	}
	return nil, err
}

// Raw sends a body as it is.
func (c *Client) Raw(ctx context.Context, method, path, body string) error {
	resp, err := c.send(ctx, method, path, strings.NewReader(body))
	if err == nil {
		resp.Body.Close()
	}
	return err
}
