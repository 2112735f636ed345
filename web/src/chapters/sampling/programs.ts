/** What the page has to know of a sampler's programs: which there are, and where on the way each step ends. */
import type { Program, Walker } from '../../compute/program'

export const SAMPLERS = ['ddpm', 'ddim', 'euler', 'heun', 'dpm++2m', 'unipc2'] as const
export type Sampler = (typeof SAMPLERS)[number]

export const stepsOf = (walker: Walker) => Object.keys(walker.programs).map(Number).sort((a, b) => a - b)

/** The step count nearest to `wanted` that this sampler has a program for. */
export const nearest = (walker: Walker, wanted: number) =>
  stepsOf(walker).reduce((best, steps) => (Math.abs(steps - wanted) < Math.abs(best - wanted) ? steps : best))

/** t at the start and after every step. On straight paths t is sigma itself, and the next question names its sigma. */
export function times(program: Program): number[] {
  const found: number[] = []
  let open = 1 // how many arrivals still wait for a question
  for (const line of program.lines) {
    if ('arrive' in line) open++
    else if ('ask' in line) {
      found.push(...Array<number>(open).fill(line.sigma))
      open = 0
    }
  }
  return [...found, ...Array<number>(open).fill(0)]
}

/** Up to `most` of `total + 1` arrivals, evenly chosen, the first and the last among them. */
export function chosen(total: number, most: number): Set<number> {
  const count = Math.min(total, most - 1)
  return new Set(Array.from({ length: count + 1 }, (_, i) => Math.round((i * total) / count)))
}

/** A label for each of `count` pictures: one class, or all ten in turn as `sfumato sample` does. */
export const labelsFor = (digit: string, count: number) =>
  Array.from({ length: count }, (_, i) => (digit === 'all' ? i % 10 : Number(digit)))

export const seedsFrom = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)
