/** Digits as points of a plane, and points as digits: sfumato/baselines/plane_vae.py, for one β after the other. */
import { json, pictures, weights } from '../../compute/computed'
import { pause } from '../../pause'
import { Dense } from '../gan/dense'

export const BETAS = ['0', '0.1', '1', '4', '10', '30'] as const
export type Beta = (typeof BETAS)[number]
export const REACH = 3 // of the plane that is shown, from its middle
export const SIDE = 8
export const SIZE = SIDE * SIDE
export const TILES = 13 // along a side of the carpet

export type About = { labels: string; scores: Record<Beta, { error: number; bits: number; outside: number }> }
export const about = () => json<About>('vae/about.json')
export const digits = () => pictures('vae/digits.bin', SIZE)

export class VAE {
  private readonly encoder = new Dense([SIZE, 128, 64, 4])
  private readonly decoder = new Dense([2, 64, 128, SIZE])

  constructor(all: Float32Array) {
    const { length } = this.encoder.weights
    this.encoder.weights.set(all.subarray(0, length))
    this.decoder.weights.set(all.subarray(length))
  }

  /** Of each picture's code: its mean and its standard deviation, x and y in turn. */
  encode(x: Float32Array): { mean: Float32Array; std: Float32Array } {
    const answer = this.encoder.forward(x)
    const half = (second: number, map: (v: number) => number) =>
      Float32Array.from({ length: answer.length / 2 }, (_, i) => map(answer[4 * Math.floor(i / 2) + second + (i % 2)]!))
    return { mean: half(0, (v) => v), std: half(2, (v) => Math.exp(v / 2)) }
  }

  /** The picture of each point, of SIZE numbers in about [−1, 1]. */
  decode(points: Float32Array): Float32Array {
    return this.decoder.forward(points)
  }

  /** The pictures at TILES × TILES places of the plane, the uppermost row first; the page may draw between two rows. */
  async carpet(): Promise<Float32Array> {
    const at = (i: number) => (((i + 0.5) / TILES) * 2 - 1) * REACH
    const out = new Float32Array(TILES * TILES * SIZE)
    for (let row = 0; row < TILES; row++) {
      await pause()
      out.set(this.decode(Float32Array.from({ length: 2 * TILES }, (_, i) => (i % 2 ? -at(row) : at(i / 2)))), row * TILES * SIZE)
    }
    return out
  }
}
const made = new Map<Beta, Promise<VAE>>()
export function vaeOf(beta: Beta): Promise<VAE> {
  const found = made.get(beta) ?? weights(`vae/${beta}.bin`).then((all) => new VAE(all))
  found.catch(() => made.delete(beta))
  made.set(beta, found)
  return found
}
