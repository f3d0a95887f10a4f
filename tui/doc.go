// Package tui is riffle in a full-screen terminal: Explore, Stream and Jobs over a repl.Session.
//
//	keys ─► app.Update ─► keymap.Command ─► screen state ─► dirty
//	                                                          │  one frame message, 25 a second at most,
//	session's goroutines ─► Result, Live (polled) ────────────┤  none while nothing changes
//	                                                          ▼
//	                                    canvas ─► terminal: the cells that differ
//
// Invariants:
//   - One goroutine owns the screen. Rows never are messages: runs write into their own stores, and a
//     frame asks those that are on the screen for what can be seen.
//   - The screen is drawn at most once a frame; what a key changed is drawn and painted at once, without
//     waiting for a tick. Nothing ticks while nothing changes but Bubble Tea's look at the terminal's
//     modes, once a second.
//   - Nothing waits on that goroutine. What reads files or runs statements is done in the background
//     (app.background) and comes back as a function that changes the state.
//   - Everything that can be done is an entry of the keymap; help, palette and key line are made from
//     it. What has a command line that does the same shows it.
//   - ctrl-c cancels a query and never ends the program.
//
// What it does not do: it knows nothing of the engine, and draws nothing that it did not measure.
package tui
