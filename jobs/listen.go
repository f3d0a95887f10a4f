package jobs

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// DefaultDir is where a user's job server keeps its state: $RIFFLE_HOME, or riffle below the
// XDG state directory, or below the user's configuration directory where there is no XDG.
func DefaultDir() (string, error) {
	if dir := os.Getenv("RIFFLE_HOME"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "riffle"), nil
	}
	if runtime.GOOS == "linux" {
		home, err := os.UserHomeDir()
		return filepath.Join(home, ".local", "state", "riffle"), err
	}
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "riffle"), err
}

// longestSocket is how long the path of a unix socket may be on every system.
const longestSocket = 100

// Socket is the path of the unix socket of the server of dir. Long directories get one in the
// temporary folder, in a directory that only the user may enter.
func Socket(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "riffle.sock")
	if len(path) <= longestSocket {
		return path, nil
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(os.TempDir(), fmt.Sprintf("riffle-%d", os.Getuid()), hex.EncodeToString(sum[:8])+".sock"), nil
}

// Listen opens the unix socket of a server's directory, which the caller holds: a socket that a
// killed server left is removed.
func (s *Server) Listen() (net.Listener, error) {
	path, err := Socket(s.dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(path, 0o600)
}

// ListenTLS opens a TCP address with a certificate. There is no other way to listen on TCP.
func ListenTLS(addr, certFile, keyFile string) (net.Listener, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("%w: certificate: %w", ErrSpec, err)
	}
	return tls.Listen("tcp", addr, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
}

// Serve answers requests on l until ctx ends, and then lets those under way finish for a moment.
func (s *Server) Serve(ctx context.Context, l net.Listener, token string) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	h := &http.Server{Handler: s.Handler(token), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return base }}
	stop := context.AfterFunc(ctx, func() {
		cancel() // ends streams of events
		soon, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer done()
		if h.Shutdown(soon) != nil {
			h.Close()
		}
	})
	defer stop()
	if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
