/** The words around a scene that stands alone. */
export const scenes = {
  ways: 'This scene',
  fill: 'Full screen',
  leave: 'Leave full screen',
  embed: 'Embed',
  whole: 'Open the lesson',
  paste: 'Paste this into your page:',
  alone: 'Scene alone',
  title: 'Simulations',
  lead: 'Each scene by itself, in a window of its own: for a lecture, or to put into your own page.',
}
