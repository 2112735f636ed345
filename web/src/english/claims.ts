import type { Claim } from '../compute/computed'

/** A limit in as many digits as a reader needs. */
const short = (value: number) => String(Number(value.toPrecision(3)))

/** What is found is said in English, by `sfumato claims`; a language says the same here, NUMBERS as # and in their order. */
export const found: Record<string, string> = {}
export const NUMBERS = /(?<![\w+])\d+(?:[.,]\d+)*/g

/** What the lesson says around the measured claims. */
export const labels = {
  measured: 'Measured',
  numbers: 'The numbers',
  verdicts: {
    'borne out': 'Measured, and confirmed.',
    'not borne out': 'Measured, and not confirmed.',
    undecided: 'Measured, but the measurement cannot decide it.',
    'not applicable': 'This could not be measured.',
  } satisfies Record<Claim['verdict'], string>,
  decides: 'What decides',
  between: (least: number | null, most: number | null) =>
    least !== null && most !== null
      ? `asked: ${short(least)} to ${short(most)}`
      : least !== null
        ? `asked: at least ${short(least)}`
        : `asked: at most ${short(most!)}`,
  how: (threads: number) =>
    `Written by “python benchmarks/zoo.py rivals” on ${threads === 1 ? 'one processor core' : `${threads} processor cores`}; ± is half of a 95% interval. “sfumato claims digits” measures all of them on your machine.`,
  quick: 'This is what it finds with --quick: short trainings and few pictures, so wide intervals.',
}
