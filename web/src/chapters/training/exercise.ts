/** One exercise of training: noise thrown on digits, the network's guess of that noise, and how far it is off. */
import { aboutDigits, realDigits, schedules } from '../../compute/computed'
import { ask } from '../../compute/engine'
import { imageNoise } from '../../compute/noise'

const PER_CLASS = 8
export const LEVELS = { min: 13 / 256, max: 243 / 256 } // what was recorded lies between
/** `index` of a real digit, `k` of a level in 1..256, and how many digits there are in the batch (1, 10 or 80). */
export type Question = { index: number; k: number; seed: number; batch: number }
/** What happened to the digit chosen, its error, and the batch's mean. */
export type Exercise = Question & { digit: Float32Array; x: Float32Array; noise: Float32Array; guess: Float32Array; error: number; mean: number }

/** The digit chosen first; then one of each class, or all there are. */
function chosen({ index, batch }: Question, many: number): number[] {
  const others = batch === 1 ? [] : Array.from({ length: batch }, (_, i) => (batch < many ? i * PER_CLASS + (index % PER_CLASS) : i))
  return [index, ...others.filter((i) => i !== index)]
}

export async function exercise(question: Question): Promise<Exercise> {
  const [about, digits, { schedules: tables }] = await Promise.all([aboutDigits(), realDigits(), schedules()])
  const { k, seed } = question
  const [alpha, sigma] = [tables.cosine.alpha[k]!, tables.cosine.sigma[k]!]
  const rows = chosen(question, digits.length)
  const size = digits[0]!.length
  const noise = imageNoise(rows.map((_, i) => seed + i), size)()
  const x = noise.map((v, i) => alpha * digits[rows[Math.floor(i / size)]!]![i % size]! + sigma * v)
  const { c_in, c_noise, eps_skip, eps_out } = about.levels.cosine
  const { answer } = (
    await ask('digits/network', {
      x: { data: x.map((v) => c_in[k]! * v), dims: [rows.length, ...about.shape] },
      c_noise: { data: new Float32Array(rows.length).fill(c_noise[k]!), dims: [rows.length] },
      label: { data: BigInt64Array.from(rows, (row) => BigInt(about.real_labels[row]!)), dims: [rows.length] },
    })
  ).outputs
  const guess = x.map((v, i) => eps_skip[k]! * v + eps_out[k]! * (answer!.data[i] as number))
  const first = (values: Float32Array) => values.slice(0, size)
  return {
    ...question,
    digit: digits[rows[0]!]!,
    x: first(x),
    noise: first(noise),
    guess: first(guess),
    error: meanSquare(first(guess), first(noise)),
    mean: meanSquare(guess, noise),
  }
}

const meanSquare = (guess: Float32Array, truth: Float32Array) => guess.reduce((total, v, i) => total + (v - truth[i]!) ** 2, 0) / guess.length
