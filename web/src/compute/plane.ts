/**
 * A diffusion model of points in the plane: rectified flow, x = (1 − t)·x0 + t·eps, by which the network learns eps − x0.
 * As the package has it: `Objective` with the schedule, the weight and the parameterization "flow".
 */
import { Adam, MLP } from './mlp'

export { Adam, MLP }

// What the page and the worker (learning.ts) say to each other.
export const GRID = 15 // arrows along a side of the field
export const REACH = 2.8 // of the plane that is shown, from its middle
export type Asked = { data: Float32Array; seconds: number; seed: number; time: number } | { time: number }
export type Told = {
  steps: number
  seconds: number
  fraction: number
  /** The mean since the word before; null before the first step. */
  loss: number | null
  samples: Float32Array
  /** Where a point at each place of the grid would be moved at the time asked for: towards the data. */
  field: Float32Array
}


export const SHAPE = { dimension: 2, width: 32, blocks: 3 }
const EACH = 4 // points that are shown at one level: most of what a level costs is paid once
export const BATCH = 128
const RATE = 4e-3

const noiseNumber = (t: number) => Math.min(2, Math.max(-2, Math.log(t / (1 - t)) / 4))
/** By which what goes in has a variance of one, as the data has. */
const scale = (t: number) => 1 / Math.hypot(1 - t, t)

/** What the network answers at one time, or at one for every `x.length / 2 / times.length` points: the velocity. */
export function velocity(net: MLP, x: Float32Array, times: ArrayLike<number>): Float32Array {
  const each = x.length / times.length
  const scaled = x.map((v, i) => v * scale(times[Math.floor(i / each)]!))
  return net.forward(scaled, Float32Array.from(times, noiseNumber))
}

/** One step of training on `x0`, noised by `eps` to `times`; returns its loss. */
export function learn(net: MLP, adam: Adam, x0: Float32Array, eps: Float32Array, times: ArrayLike<number>, rate = RATE): number {
  const each = x0.length / times.length
  const t = (i: number) => times[Math.floor(i / each)]!
  const x = x0.map((v, i) => (1 - t(i)) * v + t(i) * eps[i]!)
  const answer = velocity(net, x, times)
  let loss = 0
  const slope = answer.map((v, i) => {
    const error = v - (eps[i]! - x0[i]!)
    loss += error ** 2 / answer.length
    return (2 * error) / answer.length
  })
  net.backward(slope)
  adam.step(rate)
  return loss
}

/** Where `noise` ends after `steps` steps of Euler along the velocity. */
export function walk(net: MLP, noise: Float32Array, steps: number): Float32Array {
  let x = noise
  for (let k = steps; k > 0; k--) {
    const answer = velocity(net, x, [Math.min(0.9999, k / steps)])
    x = x.map((v, i) => v - answer[i]! / steps)
  }
  return x
}

export class Learner {
  readonly net = new MLP(SHAPE)
  private readonly adam = new Adam(this.net)
  steps = 0

  /** `normal` fills an array with standard normal numbers; `data` is points of unit variance, x and y in turn. */
  constructor(
    private readonly data: Float32Array,
    private readonly normal: (out: Float32Array) => Float32Array,
  ) {
    this.net.begin(normal)
  }

  /** One step, where `spent` of the time is over: the learning rate ends at nothing. Returns its loss. */
  step(spent: number): number {
    const [count, levels] = [this.data.length / 2, BATCH / EACH]
    const x0 = new Float32Array(2 * BATCH)
    for (let i = 0; i < BATCH; i++) {
      const from = 2 * Math.floor(Math.random() * count)
      x0.set(this.data.subarray(from, from + 2), 2 * i)
    }
    const times = Float32Array.from({ length: levels }, (_, i) => Math.min(0.999, Math.max(0.001, (i + Math.random()) / levels)))
    this.steps++
    return learn(this.net, this.adam, x0, this.normal(new Float32Array(2 * BATCH)), times, RATE * Math.max(0, 1 - spent))
  }
}
