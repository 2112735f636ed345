/**
 * Points on a line, carried from noise to data by a learned velocity, and straightened: rectified flow (Liu et al. 2022).
 * x = (1 − t)·x0 + t·eps, as the package's schedule "flow" has it; a step of training is the one of compute/plane.ts.
 */
import { Dice } from '../../compute/dice'
import { Adam, learn, MLP, velocity } from '../../compute/plane'

export const CENTRES = [-1.5, 0.4, 1.4] as const
export const SHARES = [0.35, 0.4, 0.25] as const
export const STD = 0.12
export const COUNT = 240 // points whose ends are counted
export const DRAWN = 48 // and those whose ways are drawn
export const STEPS = [1, 2, 4, 40] as const
export type Steps = (typeof STEPS)[number]
export const ROUNDS = ['pairs', 'flow', 'reflow', 'again'] as const
export type Round = (typeof ROUNDS)[number]
export const TRAINING = 600 // steps of training a round
const SHAPE = { dimension: 1, width: 16, blocks: 2 }
const BATCH = 64
const LEVELS = 16 // of a batch: most of what a level costs is paid once
const RATE = 1e-2
const POOL = 2048 // pairs that a reflow learns from
const POOL_STEPS = 40

export function drawData(dice: Dice, out: Float32Array): Float32Array {
  dice.normal(out)
  for (let i = 0; i < out.length; i++) {
    const u = dice.uniform()
    out[i] = CENTRES[u < SHARES[0] ? 0 : u < SHARES[0] + SHARES[1] ? 1 : 2] + STD * out[i]!
  }
  return out
}

/** The velocity of the exact flow, E[eps − x0 | x]: what an endlessly large network would learn of random pairs. */
export function exactVelocity(x: number, t: number): number {
  const variance = (1 - t) ** 2 * STD ** 2 + t ** 2
  const logs = CENTRES.map((centre, k) => Math.log(SHARES[k]!) - (x - (1 - t) * centre) ** 2 / (2 * variance))
  const most = Math.max(...logs)
  const weights = logs.map((v) => Math.exp(v - most))
  const total = weights.reduce((a, b) => a + b)
  // Given the component, x0 and eps are jointly normal with x.
  return CENTRES.reduce((sum, centre, k) => {
    const off = (x - (1 - t) * centre) / variance
    return sum + (weights[k]! / total) * (t * off - centre - (1 - t) * STD ** 2 * off)
  }, 0)
}
/** How thickly the data lie at x. */
export const density = (x: number) =>
  CENTRES.reduce((sum, centre, k) => sum + (SHARES[k]! * Math.exp(-((x - centre) ** 2) / (2 * STD ** 2))) / (STD * Math.sqrt(2 * Math.PI)), 0)

/** Where points are after each step of Euler from t = 1 to 0, `steps + 1` times `noise.length` numbers. */
export function walkAll(net: MLP, noise: Float32Array, steps: number): Float32Array {
  const all = new Float32Array((steps + 1) * noise.length)
  let x = noise
  all.set(x)
  for (let k = steps; k > 0; k--) {
    const answer = velocity(net, x, [Math.min(0.999, k / steps)])
    x = x.map((v, i) => v - answer[i]! / steps)
    all.set(x, (steps - k + 1) * noise.length)
  }
  return all
}
const ends = (all: Float32Array) => all.subarray(all.length - COUNT)

/** A round as it stands after `step` of its steps of training: the ways of the same points in so many steps. */
export type Standing = { round: Round; step: number; ways: Record<Steps, Float32Array> }
/** How far one step ends from where forty do, on average. */
export function oneStepError({ ways }: Standing): number {
  const [one, many] = [ends(ways[1]), ends(ways[40])]
  return one.reduce((sum, v, i) => sum + Math.abs(v - many[i]!), 0) / COUNT
}
/** How far the ends of a walk lie from the middle of the nearest cluster, on average. */
export const away = ({ ways }: Standing, steps: Steps) =>
  ends(ways[steps]).reduce((sum, v) => sum + Math.min(...CENTRES.map((centre) => Math.abs(v - centre))), 0) / COUNT

export const noiseOf = (seed: number) => new Dice(seed + 500).normal(new Float32Array(COUNT))

export class Rounds {
  readonly net = new MLP(SHAPE)
  private readonly dice: Dice
  private readonly shown: Float32Array
  private adam = new Adam(this.net)
  private pool: { x0: Float32Array; eps: Float32Array } | undefined
  round = 0
  step = TRAINING

  constructor(seed: number) {
    this.dice = new Dice(seed)
    this.shown = noiseOf(seed)
    this.net.begin((out) => this.dice.normal(out))
  }

  /** On to the next round: the network stays, and learns from now on of its own pairs, where it has any. */
  next(): void {
    if (this.round) {
      const eps = this.dice.normal(new Float32Array(POOL))
      this.pool = { x0: walkAll(this.net, eps, POOL_STEPS).slice(-POOL), eps }
    }
    this.round++
    this.step = 0
    this.adam = new Adam(this.net)
  }

  train(): void {
    const { dice, pool } = this
    const [x0, eps] = [new Float32Array(BATCH), dice.normal(new Float32Array(BATCH))]
    if (pool)
      for (let i = 0; i < BATCH; i++) {
        const k = dice.below(POOL)
        ;[x0[i], eps[i]] = [pool.x0[k]!, pool.eps[k]!]
      }
    else drawData(dice, x0)
    const times = Float32Array.from({ length: LEVELS }, (_, i) => Math.min(0.999, Math.max(0.001, (i + dice.uniform()) / LEVELS)))
    learn(this.net, this.adam, x0, eps, times, RATE * Math.max(0.02, 1 - this.step / TRAINING))
    this.step++
  }

  standing(): Standing {
    const ways = Object.fromEntries(STEPS.map((steps) => [steps, walkAll(this.net, this.shown, steps)])) as Record<Steps, Float32Array>
    return { round: ROUNDS[this.round]!, step: this.step, ways }
  }
}

// What the page and the worker say to each other.
export const NEWS = 150 // steps of training from one word to the next
export type Asked = { seed: number; round: number }
export type Told = { seed: number; standing: Standing }
