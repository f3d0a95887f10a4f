// Package tui is riffle in a full-screen terminal: Explore, Stream and Jobs over a repl.Session.
//
//	keys ─► app.Update ─► keymap.Command ─► screen state ─► dirty
//	                                                          │  one frame message, 25 a second at most,
//	session's goroutines ─► Result, Live (polled) ────────────┤  none while nothing changes
//	                                                          ▼
//	                                    canvas ─► one cached string ─► View
//
// Invariants:
//   - One goroutine owns the screen. Rows never are messages: runs write into their own stores, and a
//     frame asks those that are on the screen for what can be seen.
//   - View returns a kept string. The screen is drawn at most once a frame, at once after a pause, so
//     that a key is answered without waiting for a tick.
//   - Nothing waits on that goroutine. What reads files or runs statements is done in the background
//     (app.background) and comes back as a function that changes the state.
//   - Everything that can be done is an entry of the keymap; help, palette and key line are made from
//     it. What has a command line that does the same shows it.
//   - ctrl-c cancels a query and never ends the program.
//
// What it does not do: it knows nothing of the engine, and draws nothing that it did not measure.
package tui
