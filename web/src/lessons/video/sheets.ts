/** How the frames of a clip stand one behind the other, and what each shows. */
import type { Tint } from '../../scene/tiles'
import { FRAMES, PIXELS, SIDE } from './video'

export const LONG = 5.4 // of the block, along time
export const HIGH = 2.1
/** Where frame `f` stands along time. */
export const along = (f: number) => (f / (FRAMES - 1) - 0.5) * LONG

export const FAINT = 0.35 // the edge of a frame that is not looked at

/** A frame of a clip as bytes: numbers as `tint` has them, clear where they are 0, or on paper where it is looked `at`; its last row first where it is `upended`. */
export function paint(bytes: Uint8Array | Uint8ClampedArray, clip: Float32Array, frame: number, at: boolean, tint: Tint, upended = false): void {
  const [below, paper, above] = [tint(-1), tint(0), tint(1)]
  for (let i = 0; i < PIXELS; i++) {
    const value = clip[frame * PIXELS + i]!
    const size = Math.min(1, Math.abs(value))
    const full = value < 0 ? below : above
    const to = upended ? 4 * ((SIDE - 1 - Math.floor(i / SIDE)) * SIDE + (i % SIDE)) : 4 * i
    for (let c = 0; c < 3; c++) bytes[to + c] = at ? paper[c]! + size * (full[c]! - paper[c]!) : full[c]!
    bytes[to + 3] = at ? 215 : 225 * size ** 1.5
  }
}
