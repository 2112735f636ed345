/** What is seen of a latent: how a picture fares through it and back, and what moves where its numbers are changed. */
import { DEPTH, LATENT, SIDE, SIZE, SMALL } from '../../chapters/steering/avatars'

export const CELLS = SMALL * SMALL

/** The latents with `push` added to the marked places of a sheet. */
export function pushed(latents: Float32Array, sheet: number, cells: Uint8Array, push: number): Float32Array {
  const next = new Float32Array(latents)
  for (let i = 0; i < CELLS; i++) if (cells[i]) next[sheet * CELLS + i]! += push
  return next
}
const held = (value: number) => Math.min(1, Math.max(-1, value))
/** How far two pictures differ at each pixel: the mean over the colours, of numbers between −1 and 1. */
export function difference(one: Float32Array, other: Float32Array): Float32Array {
  const plane = SIDE * SIDE
  const far = new Float32Array(plane)
  for (let i = 0; i < plane; i++) {
    let sum = 0
    for (let at = i; at < 3 * plane; at += plane) sum += Math.abs(held(one[at]!) - held(other[at]!))
    far[i] = sum / 3
  }
  return far
}
export const SEEN = 0.02 // of the range from −1 to 1: a change that counts
/** The share of the pixels that changed so that one may see it. */
export const changedShare = (difference: Float32Array) => difference.reduce((count, v) => count + Number(v > SEEN), 0) / difference.length
/** The sheet of a latent that is painted on, as the picture under the brush. */
export const sheetOf = (latents: Float32Array, sheet: number) => latents.subarray(sheet * CELLS, (sheet + 1) * CELLS)
export { DEPTH, LATENT, SIDE, SIZE, SMALL }
