/** The forward process from the tables: levels of a schedule, the chain of small steps, the jump. */
import { at, type Schedules, type Table } from '../../compute/computed'
import { Noise } from '../../compute/noise'

export const NAMED = ['linear', 'cosine', 'sigmoid', 'flow'] as const
export type Levels = Pick<Table, 'alpha' | 'sigma' | 'logsnr'>
export type Steps = { keep: number[]; add: number[] }
type ByLogsnr = Schedules['by_logsnr']

export const LIMIT = 10 // how far a drawn curve's logSNR reaches, both ways
export const HANDLES = 6 // of a drawn curve, evenly along t

export const lookUp = (by: ByLogsnr, column: 'alpha' | 'sigma', logsnr: number) =>
  at(by[column], (logsnr - by.from) / (by.to - by.from))

/** The logSNR at which the table has this alpha. */
export function logsnrOf(by: ByLogsnr, alpha: number): number {
  const above = by.alpha.findIndex((v) => v >= alpha)
  const position =
    above < 0 ? by.alpha.length - 1 : above && above - 1 + (alpha - by.alpha[above - 1]!) / (by.alpha[above]! - by.alpha[above - 1]!)
  return by.from + (position / (by.alpha.length - 1)) * (by.to - by.from)
}

/** The levels along a curve drawn through `points`, straight from each to the next. */
export function drawn(points: number[], by: ByLogsnr): Levels {
  const logsnr = Array.from({ length: 257 }, (_, i) => at(points, i / 256))
  return { logsnr, alpha: logsnr.map((v) => lookUp(by, 'alpha', v)), sigma: logsnr.map((v) => lookUp(by, 'sigma', v)) }
}

/** A schedule's logSNR where the handles stand. */
export const pointsOf = (levels: Levels) =>
  Array.from({ length: HANDLES }, (_, i) => Math.min(LIMIT, Math.max(-LIMIT, at(levels.logsnr, i / (HANDLES - 1)))))

/** `points` with the one at `index` moved; it takes along what would be in its way, since noise only grows. */
export function moved(points: number[], index: number, logsnr: number): number[] {
  const to = Math.min(LIMIT, Math.max(-LIMIT, logsnr))
  return points.map((v, i) => (i < index ? Math.max(v, to) : i > index ? Math.min(v, to) : to))
}

export function parsed(text: string): number[] | undefined {
  const points = text.split(',').map(Number)
  if (points.length !== HANDLES || !points.every((v) => Number.isFinite(v) && Math.abs(v) <= LIMIT)) return
  return points.map((_, i) => Math.min(...points.slice(0, i + 1)))
}

export const noise = (seed: number, size = 64) => new Noise(seed).fill(new Float32Array(size))

/** One jump to time t. */
export function jump(clean: Float32Array, eps: Float32Array, levels: Levels, t: number): Float32Array {
  const [alpha, sigma] = [at(levels.alpha, t), at(levels.sigma, t)]
  return clean.map((v, i) => alpha * v + sigma * eps[i]!)
}

function step(x: Float32Array, eps: Float32Array, { keep, add }: Steps, index: number): Float32Array {
  return x.map((v, i) => keep[index]! * v + add[index]! * eps[i]!)
}

/** The clean picture and what it is after every single step, each from the one before and fresh noise. */
export function chain(clean: Float32Array, steps: Steps, seed: number): Float32Array[] {
  const found = [clean]
  const source = new Noise(seed)
  for (let k = 0; k < steps.keep.length; k++) found.push(step(found[k]!, source.fill(new Float32Array(clean.length)), steps, k))
  return found
}

export const KEPT = 10 // of so many steps of `runs`, one is kept

/** Many runs of the chain for single pixels, `count` runs of each in a row; every tenth step. */
export async function runs(pixels: number[], count: number, steps: Steps, seed: number, stale: () => boolean): Promise<Float32Array[]> {
  let x: Float32Array = Float32Array.from({ length: pixels.length * count }, (_, i) => pixels[Math.floor(i / count)]!)
  const found = [x]
  const source = new Noise(seed)
  const eps = new Float32Array(x.length)
  for (let k = 0; k < steps.keep.length; k++) {
    x = step(x, source.fill(eps), steps, k)
    if ((k + 1) % KEPT === 0) found.push(x)
    if (k % 100 === 99) await new Promise((resolve) => setTimeout(resolve)) // let the page breathe
    if (stale()) break
  }
  return found
}

/** The mean and the standard deviation of numbers. */
export function measured(values: ArrayLike<number>): { mean: number; spread: number } {
  let [sum, squares] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!
    squares += values[i]! ** 2
  }
  const mean = sum / values.length
  return { mean, spread: Math.sqrt(Math.max(0, squares / values.length - mean ** 2)) }
}
