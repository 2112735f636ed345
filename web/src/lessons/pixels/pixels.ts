/** Digits drawn pixel by pixel, in any order, one at a time or many: sfumato/baselines/any_order.py. */
import { json, pictures, weights } from '../../compute/computed'
import { Dice } from '../../compute/dice'
import { atOnce } from '../../pause'
import { Dense } from '../gan/dense'

export const SIDE = 8
export const SIZE = SIDE * SIDE
export const LEVELS = 4 // shades of grey
export const UNKNOWN = -1
export const TOGETHER = [1, 4, 16, 64] as const
const WIDTH = 128

export type Scores = { plain: number; alone: number; held_out: number; orders: number; frechet: Record<string, number> }
export const about = () => json<Scores>('pixels/about.json')
/** Digits that were never trained on, in LEVELS shades. */
export const scans = async () => (await pictures('pixels/digits.bin', SIZE)).map(toLevels)
export const toLevels = (picture: Float32Array) => Int8Array.from(picture, (v) => Math.round(((v + 1) / 2) * (LEVELS - 1)))
export const shade = (level: number) => (2 * level) / (LEVELS - 1) - 1

export class PixelNet {
  private readonly net = new Dense([SIZE * LEVELS, WIDTH, WIDTH, SIZE * LEVELS])

  constructor(all: Float32Array) {
    this.net.weights.set(all)
  }

  /** Of each pixel the chances of its shades, given those that are known. */
  chances(known: Int8Array): Float32Array {
    const x = new Float32Array(SIZE * LEVELS)
    for (const [place, level] of known.entries()) if (level !== UNKNOWN) x[place * LEVELS + level] = 1
    const answer = this.net.forward(x)
    for (let place = 0; place < SIZE; place++) {
      const own = answer.subarray(place * LEVELS, (place + 1) * LEVELS)
      const most = Math.max(...own)
      let total = 0
      for (let k = 0; k < LEVELS; k++) total += own[k] = Math.exp(own[k]! - most)
      for (let k = 0; k < LEVELS; k++) own[k]! /= total
    }
    return answer
  }
}
let network: Promise<PixelNet> | undefined
export function pixelNet(): Promise<PixelNet> {
  network ??= weights('pixels/network.bin').then((all) => new PixelNet(all))
  network.catch(() => (network = undefined))
  return network
}

/** A pixel as it came: what the network gave each shade, which it became, and in which call. */
export type Step = { place: number; chances: number[]; level: number; call: number; bits: number }
export type Way = { order: readonly number[]; together: number }
export type Choose = (place: number, chances: number[]) => number
/** All pixels, one after the other. `choose` says which shade; those of one call don't see one another. */
export const steps = (net: PixelNet, way: Way, choose: Choose): Step[] => atOnce(stepping(net, way, choose))
/** Call by call. */
export function* stepping(net: PixelNet, { order, together }: Way, choose: Choose): Generator<void, Step[]> {
  const known = new Int8Array(SIZE).fill(UNKNOWN)
  const all: Step[] = []
  for (let first = 0; first < SIZE; first += together) {
    const answer = net.chances(known)
    for (const place of order.slice(first, first + together)) {
      const chances = [...answer.subarray(place * LEVELS, (place + 1) * LEVELS)]
      const level = choose(place, chances)
      all.push({ place, chances, level, call: first / together + 1, bits: -Math.log2(chances[level]!) })
    }
    for (const { place, level } of all.slice(first)) known[place] = level
    yield
  }
  return all
}
/** The shade on which a uniform number falls. */
export function fallsOn(chances: readonly number[], uniform: number): number {
  let below = 0
  for (let level = 0; level < LEVELS - 1; level++) if (uniform < (below += chances[level]!)) return level
  return LEVELS - 1
}

export const ROWS: readonly number[] = Array.from({ length: SIZE }, (_, i) => i)
/** A seed's uniform numbers, one a pixel wherever it comes in the order, and its random order. */
export function diceOf(seed: number): { uniform: number[]; order: number[] } {
  const dice = new Dice(seed + 304)
  const uniform = ROWS.map(() => dice.uniform())
  const order = [...ROWS]
  for (let i = SIZE - 1; i > 0; i--) {
    const j = dice.below(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return { uniform, order }
}
export const pictureOf = (all: readonly Step[], count: number) => {
  const out = new Int8Array(SIZE).fill(UNKNOWN)
  for (const { place, level } of all.slice(0, count)) out[place] = level
  return out
}
export const bitsOf = (all: readonly Step[], count: number) => all.slice(0, count).reduce((sum, { bits }) => sum + bits, 0)
