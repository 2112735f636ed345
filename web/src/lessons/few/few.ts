/**
 * Points in the plane from noise to a spiral: the exact denoiser as teacher, walked in few steps or many; a small network
 * that learns to jump to the end of the teacher's way (consistency: Song et al. 2023, its targets exact); and points that
 * drift without any noise level (Deng et al. 2026). Noise is mixed in as the schedule "flow" has it.
 */
import { Dice } from '../../compute/dice'
import { Adam, MLP, velocity } from '../../compute/plane'

export const STD = 0.05
export const COUNT = 160 // points whose ends are counted
export const DRAWN = 14 // and those whose ways are drawn
export const MANY = 64
export const STEPS = [1, 2, 4, MANY] as const
export type Steps = (typeof STEPS)[number]
export const JUMPS = [1, 2, 4] as const
export type Jumps = (typeof JUMPS)[number]

const CENTRES = 64
/** The middles of the data's clouds, along a spiral; x and y in turn. */
export const spiral = Float64Array.from({ length: 2 * CENTRES }, (_, i) => {
  const share = Math.sqrt(0.12 + (0.88 * (Math.floor(i / 2) + 0.5)) / CENTRES) // as thick outside as inside
  const angle = 3.4 * Math.PI * share
  return 1.9 * share * (i % 2 ? Math.sin(angle) : Math.cos(angle))
})

/** E[x0 | x] at time t. */
export function denoised(x: ArrayLike<number>, t: number): Float64Array {
  const [alpha, variance] = [1 - t, ((1 - t) * STD) ** 2 + t * t]
  const share = (alpha * STD ** 2) / variance
  const answer = new Float64Array(x.length)
  const logs = new Float64Array(CENTRES)
  for (let i = 0; i < x.length; i += 2) {
    let most = -Infinity
    for (let k = 0; k < CENTRES; k++) {
      logs[k] = -((x[i]! - alpha * spiral[2 * k]!) ** 2 + (x[i + 1]! - alpha * spiral[2 * k + 1]!) ** 2) / (2 * variance)
      most = Math.max(most, logs[k]!)
    }
    let [total, a, b] = [0, 0, 0]
    for (let k = 0; k < CENTRES; k++) {
      const weight = Math.exp(logs[k]! - most)
      total += weight
      a += weight * spiral[2 * k]!
      b += weight * spiral[2 * k + 1]!
    }
    answer[i] = share * x[i]! + ((1 - alpha * share) * a) / total
    answer[i + 1] = share * x[i + 1]! + ((1 - alpha * share) * b) / total
  }
  return answer
}

/** Where points are after each step of the teacher's walk (Euler from t = 1 to 0): `steps + 1` times `noise.length` numbers. */
export function teach(noise: ArrayLike<number>, steps: number): Float64Array {
  const all = new Float64Array((steps + 1) * noise.length)
  let x = Float64Array.from(noise)
  all.set(x)
  for (let k = steps; k > 0; k--) {
    const guess = denoised(x, k / steps)
    x = x.map((v, i) => v + (guess[i]! - v) / k)
    all.set(x, (steps - k + 1) * noise.length)
  }
  return all
}
const held = (t: number) => Math.min(0.999, Math.max(0.02, t))
/** Where the student says that points at time t will end: it answers with the average velocity of the way there. */
export function jump(net: MLP, x: Float32Array, t: number): Float32Array {
  const answer = velocity(net, x, [held(t)])
  return x.map((v, i) => v - t * answer[i]!)
}
/** The student's jumps: to the end, and from there with fresh noise back to a lower level, as often as asked. */
export function jumped(net: MLP, noise: Float32Array, jumps: number, fresh: (k: number) => Float32Array): Float64Array {
  const all = new Float64Array(2 * jumps * noise.length)
  let x = noise
  for (let k = 0; k < jumps; k++) {
    const t = 1 - k / jumps
    if (k) {
      const eps = fresh(k)
      x = x.map((v, i) => (1 - t) * v + t * eps[i]!)
    }
    all.set(x, 2 * k * noise.length)
    x = jump(net, x, t)
    all.set(x, (2 * k + 1) * noise.length)
  }
  return all
}

/** How far points lie from the middle of the nearest cloud, on average. */
export function away(points: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < points.length; i += 2) {
    let least = Infinity
    for (let k = 0; k < CENTRES; k++) least = Math.min(least, (points[i]! - spiral[2 * k]!) ** 2 + (points[i + 1]! - spiral[2 * k + 1]!) ** 2)
    total += Math.sqrt(least)
  }
  return total / (points.length / 2)
}
/** The share of the clouds that have a point nearby. */
export function covered(points: ArrayLike<number>): number {
  let hit = 0
  for (let k = 0; k < CENTRES; k++) {
    for (let i = 0; i < points.length; i += 2)
      if ((points[i]! - spiral[2 * k]!) ** 2 + (points[i + 1]! - spiral[2 * k + 1]!) ** 2 < 0.15 ** 2) {
        hit++
        break
      }
  }
  return hit / CENTRES
}
export const ends = (all: Float64Array) => all.subarray(all.length - 2 * COUNT)
export const noiseOf = (seed: number) => new Dice(seed + 300).normal(new Float32Array(2 * COUNT))

const SHAPE = { dimension: 2, width: 32, blocks: 3 }
export const TRAINING = 600 // steps of training
const POOL = 1024 // ways of the teacher to learn from
const POOL_STEPS = 32
const BATCH = 128
const EACH = 4 // points at one level
const RATE = 6e-3

export class Student {
  readonly net = new MLP(SHAPE)
  private readonly adam = new Adam(this.net)
  private readonly dice: Dice
  private readonly ways: Float64Array
  private readonly shown: Float32Array
  private readonly seed: number
  step = 0

  constructor(seed: number) {
    this.seed = seed
    this.dice = new Dice(seed)
    this.net.begin((out) => this.dice.normal(out))
    this.ways = teach(this.dice.normal(new Float32Array(2 * POOL)), POOL_STEPS)
    this.shown = noiseOf(seed)
  }

  /** Any point of a way of the teacher's has to lead to the end of that way. */
  train(): void {
    const [x, goal] = [new Float32Array(2 * BATCH), new Float32Array(2 * BATCH)]
    const times = new Float32Array(BATCH / EACH)
    for (let level = 0; level < times.length; level++) {
      const k = level % 4 ? this.dice.below(POOL_STEPS) : 0 // steps from the noise; pure noise comes most often
      times[level] = 1 - k / POOL_STEPS
      for (let i = level * EACH; i < (level + 1) * EACH; i++) {
        const which = this.dice.below(POOL)
        for (const c of [0, 1]) {
          x[2 * i + c] = this.ways[2 * (k * POOL + which) + c]!
          goal[2 * i + c] = this.ways[2 * (POOL_STEPS * POOL + which) + c]!
        }
      }
    }
    const answer = velocity(this.net, x, times.map(held))
    // The error of the jump x − t·answer, weighted by 1/t.
    this.net.backward(answer.map((v, i) => (-2 * (x[i]! - times[Math.floor(i / 2 / EACH)]! * v - goal[i]!)) / answer.length))
    this.adam.step(RATE * Math.max(0.02, 1 - this.step / TRAINING))
    this.step++
  }

  standing(): Standing {
    const fresh = (k: number) => new Dice(this.seed + 7000 + k).normal(new Float32Array(2 * COUNT))
    return { step: this.step, ways: Object.fromEntries(JUMPS.map((jumps) => [jumps, jumped(this.net, this.shown, jumps, fresh)])) as Record<Jumps, Float64Array> }
  }
}
/** The student as it stands after `step` of its steps of training: the ways of the same points in so many jumps. */
export type Standing = { step: number; ways: Record<Jumps, Float64Array> }
/** How far the student's ends lie from the teacher's of the same noise, on average. */
export function apart(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < one.length; i += 2) total += Math.hypot(one[i]! - other[i]!, one[i + 1]! - other[i + 1]!)
  return total / (one.length / 2)
}

export const DRIFTS = 60 // steps of drifting
const REACH = 0.35 // of the pull between points
const PACE = 0.6
const DATA = 3 // points of each cloud
const data = (() => {
  const noise = new Dice(11).normal(new Float32Array(2 * CENTRES * DATA))
  return Float64Array.from(noise, (v, i) => spiral[i % (2 * CENTRES)]! + STD * v)
})()
/** Where the kernel's mean of `others` about each point lies from it; `own`: they are the points themselves, each of which leaves itself out. */
function pull(points: Float64Array, others: Float64Array, own: boolean): Float64Array {
  const found = new Float64Array(points.length)
  for (let i = 0; i < points.length; i += 2) {
    let [total, a, b] = [0, 0, 0]
    for (let j = 0; j < others.length; j += 2) {
      if (own && i === j) continue
      const [u, v] = [others[j]! - points[i]!, others[j + 1]! - points[i + 1]!]
      const weight = Math.exp(-Math.sqrt(u * u + v * v) / REACH)
      total += weight
      a += weight * u
      b += weight * v
    }
    found[i] = a / total
    found[i + 1] = b / total
  }
  return found
}
/** The field by which points drift: to the data, and away from one another. */
export function drift(points: Float64Array, to = data, repel = true): Float64Array {
  const towards = pull(points, to, false)
  if (!repel) return towards
  const from = pull(points, points, true)
  return towards.map((v, i) => v - from[i]!)
}
/** Where points are after each step of drifting. */
export function drifted(noise: ArrayLike<number>, repel: boolean): Float64Array {
  const all = new Float64Array((DRIFTS + 1) * noise.length)
  let x = Float64Array.from(noise)
  all.set(x)
  for (let k = 0; k < DRIFTS; k++) {
    const field = drift(x, data, repel)
    x = x.map((v, i) => v + PACE * field[i]!)
    all.set(x, (k + 1) * noise.length)
  }
  return all
}

// What the page and the worker say to each other.
export const NEWS = 200 // steps of training from one word to the next
export type Told = { seed: number; standing: Standing }
