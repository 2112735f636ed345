/** Forger and critic on eight clusters in the plane (Goodfellow et al. 2014, with the forger's loss that saturates late). */
import { Dice } from '../../compute/dice'
import { Dense } from './dense'

export const CLUSTERS = 8
const RADIUS = 1.6
export const STD = 0.08
export const WIDTH = 24
export const BATCH = 64
export const SHOWN = 320 // forged points
export const REACH = 2.4 // of the plane that is shown, from its middle
export const GRID = 57 // places along a side of the critic's surface
const NEAR = 4 * STD // of a cluster's middle: its own

export type Rates = 'critic' | 'even' | 'forger'
/** Learning rates of the forger and of the critic. */
export const RATES: Record<Rates, readonly [forger: number, critic: number]> = { critic: [0.001, 0.004], even: [0.002, 0.002], forger: [0.008, 0.001] }

export const middles = Float32Array.from({ length: 2 * CLUSTERS }, (_, i) => {
  const angle = (2 * Math.PI * Math.floor(i / 2)) / CLUSTERS
  return RADIUS * (i % 2 ? Math.sin(angle) : Math.cos(angle))
})
export const grid = Float32Array.from({ length: 2 * GRID * GRID }, (_, i) => {
  const place = i % 2 ? Math.floor(i / 2 / GRID) : Math.floor(i / 2) % GRID
  return ((2 * place) / (GRID - 1) - 1) * REACH
})
export const sigmoid = (v: number) => 1 / (1 + Math.exp(-v))

/** The critic's loss on real points and forged ones, −log D(x) − log(1 − D(G(z))), and its slope in the answers; the real ones come first. */
export function criticLoss(answers: Float32Array): { loss: number; slope: Float32Array } {
  const half = answers.length / 2
  let loss = 0
  const slope = answers.map((v, i) => {
    loss += Math.log1p(Math.exp(i < half ? -v : v)) / half
    return (i < half ? sigmoid(v) - 1 : sigmoid(v)) / half
  })
  return { loss, slope }
}
/** The forger's: −log D(G(z)). */
export function forgerLoss(answers: Float32Array): { loss: number; slope: Float32Array } {
  let loss = 0
  const slope = answers.map((v) => {
    loss += Math.log1p(Math.exp(-v)) / answers.length
    return (sigmoid(v) - 1) / answers.length
  })
  return { loss, slope }
}

export const STEEP = 8 // times as the verdict is, the surface is drawn: a critic that is hardly surer here than there has its slopes too

/** What is seen at a moment: forged points, the critic's verdict over the grid, made steep, and how many forged points each cluster has. */
export type Moment = { step: number; forged: Float32Array; verdict: Float32Array; counts: number[] }

// What the page and the worker say to each other.
export const EVERY = 25 // steps from one moment to the next
export type Asked = { seed: number; rates: Rates; blur: number; upTo: number }
export type Told = { game: string; moment: Moment }
export const gameOf = ({ seed, rates, blur }: Omit<Asked, 'upTo'>) => [seed, rates, blur].join(' ')

export class Duel {
  readonly forger = new Dense([2, WIDTH, WIDTH, 2])
  readonly critic = new Dense([2, WIDTH, WIDTH, 1])
  private readonly dice: Dice
  private readonly z: Float32Array
  steps = 0

  /** `blur`: the standard deviation of the noise on all that the critic sees. */
  constructor(
    seed: number,
    private readonly rates: readonly [number, number],
    private readonly blur: number,
  ) {
    this.dice = new Dice(seed)
    const normal = (out: Float32Array) => this.dice.normal(out)
    this.forger.begin(normal)
    this.critic.begin(normal)
    this.z = new Dice(seed + 1000).normal(new Float32Array(2 * SHOWN))
  }

  step(): void {
    const { forger, critic, dice } = this
    const forged = forger.forward(dice.normal(new Float32Array(2 * BATCH)))
    const both = new Float32Array(4 * BATCH)
    const spread = dice.normal(new Float32Array(2 * BATCH))
    for (let i = 0; i < BATCH; i++) {
      const k = dice.below(CLUSTERS)
      for (const c of [0, 1]) both[2 * i + c] = middles[2 * k + c]! + STD * spread[2 * i + c]!
    }
    both.set(forged, 2 * BATCH)
    critic.backward(criticLoss(critic.forward(this.blurred(both))).slope)
    critic.step(this.rates[1])
    forger.backward(critic.backward(forgerLoss(critic.forward(this.blurred(forged))).slope))
    forger.step(this.rates[0])
    this.steps++
  }

  private blurred(x: Float32Array): Float32Array {
    if (!this.blur) return x
    const noise = this.dice.normal(new Float32Array(x.length))
    return x.map((v, i) => v + this.blur * noise[i]!)
  }

  moment(): Moment {
    const forged = this.forger.forward(this.z)
    const verdict = this.critic.forward(grid).map((v) => sigmoid(STEEP * v))
    return { step: this.steps, forged, verdict, counts: counted(forged) }
  }
}

/** How many of the points lie near each cluster. */
export function counted(points: Float32Array): number[] {
  const counts = new Array<number>(CLUSTERS).fill(0)
  for (let i = 0; i < points.length; i += 2)
    for (let k = 0; k < CLUSTERS; k++) if (Math.hypot(points[i]! - middles[2 * k]!, points[i + 1]! - middles[2 * k + 1]!) < NEAR) counts[k]!++
  return counts
}
const REACHED = 0.02 // of the points, by which a cluster counts as reached
export const reached = (counts: number[]) => counts.filter((count) => count >= REACHED * SHOWN).length
