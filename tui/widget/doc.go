// Package widget holds the parts that screens are made of: grid, tree, editor, line input, list,
// prose, charts. A widget is plain state with two methods:
//
//	Key(k string) bool                    changes the state; false: not a key of this widget
//	Draw(r canvas.Region, t *canvas.Theme, focus bool)
//
// Keys have the names that Bubble Tea gives them ("ctrl+d", "shift+tab", "G").
//
// Invariants:
//   - Drawing costs O(cells shown), whatever the size of the data behind; data is fetched by the page
//     and a page is kept until the view moves or the source grows.
//   - A widget never waits: what takes time is asked for by the screen and put in when it is there.
//   - A widget knows nothing of sessions, engines or programs. It is used from one goroutine.
package widget
