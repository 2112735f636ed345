/**
 * Small clips of one thing that bounces about, and their exact denoiser, with a level for each frame: the package's
 * `FiniteClips` of `bouncing_clips` or `steered_clips`. Noise is mixed in as the schedule "flow" has it.
 */
import { atOnce } from '../../pause'

export const SIDE = 14
export const PIXELS = SIDE * SIDE
export const FRAMES = 12
export const SIZE = FRAMES * PIXELS
export const STD = 0.05
const RANGE = 8 // places of a thing's middle along each side
const FIRST = 3 // of these
const PLACES = RANGE * RANGE
export const THINGS = 4 // disc and square of 1, disc and square of −1
const DIRECTIONS = [[-1, -1], [0, -1], [1, -1], [-1, 0], [1, 0], [-1, 1], [0, 1], [1, 1]] as const // x, y
export const MOVES: Record<string, readonly [number, number]> = { l: [-1, 0], r: [1, 0], u: [0, -1], d: [0, 1], s: [0, 0] }
export const MOST = FRAMES - 1 // moves

/** The disc and the square at each place: which pixels are not 0, and what they are. */
type Sparse = { at: Uint16Array; value: Float64Array; square: number }
const shapes: Sparse[] = [
  (x: number, y: number) => Math.min(1, Math.max(0, 2.7 - Math.hypot(x, y))),
  (x: number, y: number) => (Math.max(Math.abs(x), Math.abs(y)) === 2 ? 1 : 0),
].flatMap((draw) =>
  Array.from({ length: PLACES }, (_, place) => {
    const [left, top] = [FIRST + (place % RANGE), FIRST + Math.floor(place / RANGE)]
    const found: [number, number][] = []
    for (let i = 0; i < PIXELS; i++) {
      const value = draw((i % SIDE) - left, Math.floor(i / SIDE) - top)
      if (value) found.push([i, value])
    }
    return { at: Uint16Array.from(found, ([i]) => i), value: Float64Array.from(found, ([, v]) => v), square: found.reduce((sum, [, v]) => sum + v * v, 0) }
  }),
)

/** Thing and place of every frame of every clip, clip after clip. */
export type Clips = Uint16Array
const inside = (place: number) => Math.min(RANGE - 1, Math.max(0, place))
function bounced(place: number): number {
  const turn = ((place % (2 * (RANGE - 1))) + 2 * (RANGE - 1)) % (2 * (RANGE - 1))
  return Math.min(turn, 2 * (RANGE - 1) - turn)
}
function clipsOf(paths: number[][]): Clips {
  const all = new Uint16Array(THINGS * paths.length * FRAMES)
  for (let thing = 0, i = 0; thing < THINGS; thing++) for (const path of paths) for (const place of path) all[i++] = thing * PLACES + place
  return all
}
const starts = Array.from({ length: PLACES }, (_, place) => [place % RANGE, Math.floor(place / RANGE)] as const)
let bounces: Clips | undefined
export const bouncing = (): Clips => (bounces ??= clipsOf(
  starts.flatMap(([x, y]) => DIRECTIONS.map(([dx, dy]) => Array.from({ length: FRAMES }, (_, k) => bounced(y + k * dy) * RANGE + bounced(x + k * dx)))),
))
/** Clips in which the thing goes as `moves` say, and stays where it is after the last. */
export function steered(moves: string): Clips {
  return clipsOf(
    starts.map(([x, y]) => {
      let [across, down] = [x, y]
      return Array.from({ length: FRAMES }, (_, k) => {
        const [dx, dy] = (k && MOVES[moves[k - 1] ?? 's']) || MOVES.s!
        ;[across, down] = [inside(across + dx), inside(down + dy)]
        return down * RANGE + across
      })
    }),
  )
}

const KINDS = THINGS * PLACES // things at places
/** How well each thing at each place fits each frame, in nats: what has to be weighed, frame after frame. */
function fitness(x: Float32Array, times: ArrayLike<number>, frames: number): Float64Array {
  const fits = new Float64Array(frames * KINDS)
  for (let f = 0; f < frames; f++) {
    const alpha = 1 - times[f]!
    const variance = (alpha * STD) ** 2 + times[f]! ** 2
    for (let i = 0; i < 2 * PLACES; i++) {
      const { at, value, square } = shapes[i]!
      let dot = 0
      for (let k = 0; k < at.length; k++) dot += value[k]! * x[f * PIXELS + at[k]!]!
      fits[f * KINDS + i] = (alpha * dot - (alpha ** 2 * square) / 2) / variance
      fits[f * KINDS + 2 * PLACES + i] = (-alpha * dot - (alpha ** 2 * square) / 2) / variance
    }
  }
  return fits
}
/** How likely each thing at each place is in each frame, clips weighed by all frames at once. */
function together(fits: Float64Array, clips: Clips, frames: number): Float64Array {
  const count = clips.length / FRAMES
  const logs = new Float64Array(count)
  let most = -Infinity
  for (let c = 0; c < count; c++) {
    let sum = 0
    for (let f = 0; f < frames; f++) sum += fits[f * KINDS + clips[c * FRAMES + f]!]!
    logs[c] = sum
    if (sum > most) most = sum
  }
  let total = 0
  for (let c = 0; c < count; c++) total += logs[c] = Math.exp(logs[c]! - most)
  const chances = new Float64Array(fits.length)
  for (let c = 0; c < count; c++) {
    const weight = logs[c]! / total
    if (weight > 1e-12) for (let f = 0; f < frames; f++) chances[f * KINDS + clips[c * FRAMES + f]!]! += weight
  }
  return chances
}
/** The same where each frame is weighed alone. */
function apart(fits: Float64Array, clips: Clips, frames: number): Float64Array {
  const chances = new Float64Array(fits.length) // first how many clips show each
  for (let i = 0; i < clips.length; i++) if (i % FRAMES < frames) chances[(i % FRAMES) * KINDS + clips[i]!]! += 1
  for (let f = 0; f < frames; f++) {
    const of = fits.subarray(f * KINDS, (f + 1) * KINDS)
    const most = of.reduce((a, b) => Math.max(a, b))
    let total = 0
    for (let i = 0; i < KINDS; i++) total += chances[f * KINDS + i]! *= Math.exp(of[i]! - most)
    for (let i = 0; i < KINDS; i++) chances[f * KINDS + i]! /= total
  }
  return chances
}

/**
 * E[x0 | x] of a clip whose frames are at times of their own; unless `linked`, each frame answers for itself alone.
 * `frames`: so many of them are there, from the first.
 */
export function denoised(x: Float32Array, times: ArrayLike<number>, clips: Clips, linked: boolean, frames = FRAMES): Float32Array {
  const chances = (linked ? together : apart)(fitness(x, times, frames), clips, frames)
  const answer = new Float32Array(x.length)
  for (let f = 0; f < frames; f++) {
    const alpha = 1 - times[f]!
    const share = (alpha * STD ** 2) / ((alpha * STD) ** 2 + times[f]! ** 2)
    for (let i = f * PIXELS; i < (f + 1) * PIXELS; i++) answer[i] = share * x[i]!
    for (let i = 0; i < 2 * PLACES; i++) {
      const weight = (1 - alpha * share) * (chances[f * KINDS + i]! - chances[f * KINDS + 2 * PLACES + i]!)
      const { at, value } = shapes[i]!
      if (weight) for (let k = 0; k < at.length; k++) answer[f * PIXELS + at[k]!]! += weight * value[k]!
    }
  }
  return answer
}

export const HOWS = ['together', 'first', 'stairs', 'moves'] as const
export type How = (typeof HOWS)[number]
const STEPS: Record<How, readonly [steps: number, lag: number]> = { together: [24, 0], first: [24, 0], stairs: [12, 3], moves: [6, 6] } // of a frame, and by how many the next one is behind
export const GIVEN: readonly How[] = ['first', 'moves'] // where the first frame is

/** The time of each frame after each step of the walk: `moves` frames beside the first are walked, or all of them. */
export function timesOf(how: How, moves = MOST): Float64Array[] {
  const [steps, lag] = STEPS[how]
  const given = GIVEN.includes(how) ? 1 : 0
  const walked = (how === 'moves' ? moves : MOST + 1 - given) // frames
  const total = walked ? steps + lag * (walked - 1) : 0
  return Array.from({ length: total + 1 }, (_, k) =>
    Float64Array.from({ length: FRAMES }, (_, f) => {
      if (f < given) return 0
      if (f - given >= walked) return 1
      return Math.min(1, Math.max(0, 1 - (k - lag * (f - given)) / steps))
    }),
  )
}

/** After each step what there is, and what the exact denoiser guesses of it. */
export type Walk = { times: Float64Array[]; x: Float32Array[]; guesses: Float32Array[] }
export type Wish = { how: How; linked: boolean; noise: Float32Array; first: Float32Array; moves: string }

export const walked = (wish: Wish): Walk => atOnce(walking(wish))
/** Step by step. */
export function* walking({ how, linked, noise, first, moves }: Wish): Generator<void, Walk> {
  const times = timesOf(how, moves.length)
  const clips = how === 'moves' ? steered(moves) : bouncing()
  yield
  const frames = how === 'moves' ? moves.length + 1 : FRAMES
  let x = new Float32Array(noise)
  if (GIVEN.includes(how)) x.set(first)
  const walk: Walk = { times, x: [], guesses: [] }
  for (const [k, now] of times.entries()) {
    const guess = denoised(x, now, clips, linked, frames)
    walk.x.push(x)
    walk.guesses.push(guess)
    const next = times[k + 1]
    // A step of Euler along dx/dt = (x − x0)/t, frame by frame.
    if (next) x = x.map((v, i) => {
      const f = Math.floor(i / PIXELS)
      return now[f]! > next[f]! ? v + ((next[f]! - now[f]!) / now[f]!) * (v - guess[i]!) : v
    })
    yield
  }
  return walk
}

const NEAR = 0.15 // root mean square over the pixels: what shows a thing
/** Which thing at which place each frame shows; −1 where it shows none of them. */
export function shown(x: Float32Array): number[] {
  return Array.from({ length: x.length / PIXELS }, (_, f) => {
    let [best, most] = [-1, -Infinity]
    const frame = x.subarray(f * PIXELS, (f + 1) * PIXELS)
    const norm = frame.reduce((sum, v) => sum + v * v, 0)
    shapes.forEach(({ at, value, square }, i) => {
      let dot = 0
      for (let k = 0; k < at.length; k++) dot += value[k]! * frame[at[k]!]!
      for (const [fit, index] of [[2 * dot - square, i], [-2 * dot - square, 2 * PLACES + i]] as const) if (fit > most) [best, most] = [index, fit]
    })
    return norm - most < NEAR ** 2 * PIXELS ? best : -1
  })
}
/** Whether a frame goes on from the one before: the same thing, a pixel away at most. */
export function inStep(before: number, after: number): boolean {
  if (before < 0 || after < 0 || Math.floor(before / PLACES) !== Math.floor(after / PLACES)) return false
  const [a, b] = [before % PLACES, after % PLACES]
  return Math.abs((a % RANGE) - (b % RANGE)) <= 1 && Math.abs(Math.floor(a / RANGE) - Math.floor(b / RANGE)) <= 1
}
export const stepsKept = (seen: number[]) => seen.slice(1).filter((one, f) => inStep(seen[f]!, one)).length

/** What is drawn before the reader draws: a thing as a hand would have it. */
export const DRAWN = Uint8Array.from({ length: PIXELS }, (_, i) => {
  const [x, y] = [(i % SIDE) - 4, Math.floor(i / SIDE) - 8]
  return Number(Math.abs(x) + Math.abs(y) <= 2 || (x === 1 && y === -2))
})
/** A drawing as a frame: what is painted is blue. */
export const frameOf = (painted: Uint8Array) => Float32Array.from(painted, (v) => -v)
