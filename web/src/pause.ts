/** Lets the page draw, and answer its reader, before what comes next: a phone takes four times as long for it. */
export const pause = () => new Promise<void>((resolve) => setTimeout(resolve))
const SLICE = 6 // milliseconds: on a phone four times as long, which nobody notices

/** What comes of `work`, which yields wherever it may be interrupted; undefined once it is not `current` any more. */
export async function inSlices<T>(work: Generator<unknown, T>, current: () => boolean): Promise<T | undefined> {
  let begun = performance.now()
  for (;;) {
    const turn = work.next()
    if (turn.done) return turn.value
    if (performance.now() - begun < SLICE) continue
    await pause()
    if (!current()) return
    begun = performance.now()
  }
}
/** The same at once. */
export function atOnce<T>(work: Generator<unknown, T>): T {
  for (;;) {
    const turn = work.next()
    if (turn.done) return turn.value
  }
}
