/** Pictures that a perfect model would draw, and what damage does to them. */
import { json } from '../../compute/computed'
import { Dice } from '../../compute/dice'
import { count, type Features, Reference, some, threshold } from './scores'

export const SIDE = 8
export const SIZE = SIDE * SIDE
export const MOST = 350 // pictures that are judged
export const FEWEST = 50
export const CARDS = 60 // pictures that are shown as such
export const CUTS = [1, 2, 3, 5, 7] as const // into how many parts they are cut, for the curve

export type About = { parts: [number, number, number]; labels: string; mean: number[]; axes: number[][] }
export type Damage = { blur: number; without: number; copies: number; count: number; seed: number }
export const UNHARMED: Omit<Damage, 'seed'> = { blur: 0, without: 0, copies: 0, count: MOST }

export const about = () => json<About>('evaluation/about.json')
export const digits = () => json<string>('evaluation/digits.json')
/** Scans of seventeen shades, a letter a pixel, as the bytes that a picture of them holds. */
export function digitsFrom(letters: string): Float32Array[] {
  const all = new Float32Array(letters.length)
  for (let i = 0; i < all.length; i++) all[i] = Math.round((letters.charCodeAt(i) - 97) * (255 / 16)) / 127.5 - 1
  return Array.from({ length: all.length / SIZE }, (_, i) => all.subarray(i * SIZE, (i + 1) * SIZE))
}

/** A picture blurred by a bell curve of so many pixels; beyond its edge all is black. */
export function blurred(picture: Float32Array, std: number): Float32Array {
  if (std <= 0) return picture
  const bell = Array.from({ length: 2 * SIDE - 1 }, (_, i) => Math.exp(-((i - SIDE + 1) ** 2) / (2 * std ** 2)))
  const total = bell.reduce((a, b) => a + b)
  const pass = (from: Float32Array, at: (line: number, place: number) => number) => {
    const out = new Float32Array(SIZE)
    for (let line = 0; line < SIDE; line++)
      for (let i = 0; i < SIDE; i++) {
        let sum = 0
        for (let j = 0; j < SIDE; j++) sum += (bell[j - i + SIDE - 1]! / total) * (from[at(line, j)]! + 1)
        out[at(line, i)] = sum - 1
      }
    return out
  }
  return pass(pass(picture, (y, x) => y * SIDE + x), (x, y) => y * SIDE + x)
}

/** The pictures, and their features. */
export class Sets {
  readonly trained: Float32Array[]
  private readonly fresh: { picture: Float32Array; label: number }[]

  constructor(
    protected readonly about: About,
    all: Float32Array[],
  ) {
    const [first, second] = about.parts
    this.trained = all.slice(0, first)
    this.fresh = all.slice(first, first + second).map((picture, i) => ({ picture, label: Number(about.labels[first + i]) }))
  }

  features(pictures: readonly Float32Array[]): Features {
    const { mean, axes } = this.about
    const rows = new Float64Array(pictures.length * axes.length)
    for (const [i, picture] of pictures.entries())
      for (const [k, axis] of axes.entries()) {
        let sum = 0
        for (let j = 0; j < SIZE; j++) sum += axis[j]! * (picture[j]! - mean[j]!)
        rows[i * axes.length + k] = sum
      }
    return { rows, dimension: axes.length }
  }

  /** MOST pictures so damaged, of which the first `count` are judged; `copied` says which were trained on. */
  damaged({ blur, without, copies, seed }: Damage): { pictures: Float32Array[]; labels: number[]; copied: boolean[] } {
    const dice = new Dice(seed + 40)
    const shuffled = (length: number) => {
      const order = Array.from({ length }, (_, i) => i)
      for (let i = length - 1; i > 0; i--) {
        const j = dice.below(i + 1)
        ;[order[i], order[j]] = [order[j]!, order[i]!]
      }
      return order
    }
    const [others, known] = [shuffled(this.fresh.length), shuffled(this.trained.length)]
    const left = others.map((i) => this.fresh[i]!).filter(({ label }) => label >= without)
    const chances = Array.from({ length: MOST }, () => dice.uniform())
    const copyable = known.filter((i) => Number(this.about.labels[i]) >= without)
    const copied = chances.map((chance) => chance < copies)
    const chosen = copied.map((copy, i) =>
      copy ? { picture: this.trained[copyable[i]!]!, label: Number(this.about.labels[copyable[i]!]) } : left[i]!,
    )
    return { pictures: chosen.map(({ picture }) => blurred(picture, blur)), labels: chosen.map(({ label }) => label), copied }
  }

}

/** What judges them, by those that were trained on. */
export class Judge extends Sets {
  readonly reference: Reference
  private readonly limit: number

  constructor(about: About, all: Float32Array[]) {
    super(about, all)
    this.reference = new Reference(this.features(this.trained))
    this.limit = threshold(this.reference.ratios(this.features(all.slice(about.parts[0] + about.parts[1]))))
  }

  judge(features: Features, number: number): Scores {
    const judged = some(features, 0, number)
    const { ratios, ...others } = this.reference.neighbours(judged)
    return { frechet: this.reference.frechet(judged), ...others, copies: ratios.reduce((sum, ratio) => sum + Number(ratio < this.limit), 0) / number }
  }

  /** The Fréchet distance of so many pictures: the mean over the parts into which they are cut. */
  curve(features: Features): Point[] {
    return CUTS.map((parts) => {
      const each = Math.floor(count(features) / parts)
      const found = Array.from({ length: parts }, (_, i) => this.reference.frechet(some(features, i * each, (i + 1) * each)))
      return { count: each, frechet: found.reduce((a, b) => a + b) / parts }
    })
  }
}
// What the worker says.
export type Told =
  | { kind: 'real'; features: Features }
  | { kind: 'shown'; damage: Damage; cards: Float32Array; copied: boolean[]; features: Features }
  | { kind: 'scores'; damage: Damage; scores: Scores; unharmed: Scores; curve: Point[] }
export type Point = { count: number; frechet: number }
export type Scores = { frechet: number; kernel: number; precision: number; recall: number; copies: number }

/** Where a line through the curve, over one divided by the count, meets endlessly many pictures; large parts weigh more. */
export function endless(curve: Point[]): number {
  const total = curve.reduce((sum, { count }) => sum + count, 0)
  const mean = (of: (one: Point) => number) => curve.reduce((sum, one) => sum + (one.count / total) * of(one), 0)
  const [x, y] = [mean(({ count }) => 1 / count), mean(({ frechet }) => frechet)]
  const slope = mean((one) => (1 / one.count - x) * (one.frechet - y)) / mean((one) => (1 / one.count - x) ** 2)
  return y - slope * x
}
