// Package canvas is a screen as a table of cells, and the styles and glyphs that fill it.
//
//	widgets ── Region.Text, Fill, Box ─► Canvas (cells) ── Render ─► one string with SGR codes
//
// A widget draws into a Region, which clips; so a widget can be redrawn alone and an overlay is
// nothing but a later drawing. Rendering writes each run of equal style once.
//
// Invariants:
//   - Every cell holds one printable rune, or is covered by the wide rune on its left. Control
//     characters of data never reach the terminal: they are drawn as a visible substitute.
//   - A style is a role (what the text means); the Theme alone knows colours. Without colour the
//     attributes bold, faint, underline and reverse remain, and what a style says is also said by a
//     word, a letter or a mark.
//   - Only the 16 colours of the terminal's own palette are used, so light and dark both work.
package canvas
