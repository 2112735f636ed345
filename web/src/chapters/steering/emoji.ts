/** Emoji drawn from words: one walk of the model that reads prompts, and how its moments are shown. */
import { aboutEmoji, emojiTokenizer } from '../../compute/computed'
import { walk } from '../../compute/engine'
import type { Program, Timed } from '../../compute/program'
import type { Asked, Known } from '../../compute/protocol'
import type { Word } from '../../compute/prompts'
import { marked, written } from '../../parts/painting'
import { grey } from '../../scene/flat'

export { written }

export const SIDE = 32
export const SIZE = 3 * SIDE * SIDE
export const DIAL = Array.from({ length: 13 }, (_, i) => i / 2)
export const LONGEST = 120 // characters of a prompt, here

/** Three strengths of guidance side by side: ignored, plain, and `w`; where that is one of these, a strong one. */
export const compared = (w: number) => [0, 1, w > 0 && w !== 1 ? w : 3].sort((a, b) => a - b)

export const nearestDial = (w: number) => DIAL.reduce((best, one) => (Math.abs(one - w) < Math.abs(best - w) ? one : best))

export type Moment = Timed & { total: number; contrast: number }
/** Guidance `w`, or a program of one's own. */
export type Wish = { text: string; w?: number; program?: Program; seed: number; known?: Known }

/** What the network is asked for `count` pictures of the same text; none of it where the text is empty. */
export async function wished(text: string, count: number, known?: Known): Promise<Asked> {
  const [{ shape, tokens }, tokenizer] = await Promise.all([aboutEmoji(), emojiTokenizer()])
  return { kind: 'prompts', graph: 'emoji/network', shape, texts: tokenizer.tokens(Array<string>(count).fill(text), tokens), ...(known ? { known } : {}) }
}

/** Every moment of a walk from noise to an emoji; `timing` is filled in at its end. */
export async function* drawing({ text, w = 1, program: given, seed, known }: Wish, timing: { milliseconds?: number } = {}): AsyncGenerator<Moment> {
  const [{ programs }, asked] = await Promise.all([aboutEmoji(), wished(text, 1, known)])
  const program = given ?? programs[String(w)]!
  const contrasts = noiseOf(program)
  for await (const step of walk({ program, asked, seeds: [seed], size: SIZE }, timing)) yield { ...step, total: contrasts.length - 1, contrast: contrasts[step.index]! }
}

/** At each arrival how far the numbers reach: noise is divided by this to be seen. */
export function noiseOf(program: Program): number[] {
  const found: number[] = []
  let open = 1 // arrivals that wait for a question, which names their level
  for (const line of program.lines) {
    if ('arrive' in line) open++
    else if ('ask' in line) {
      found.push(...Array<number>(open).fill(Math.hypot(line.alpha, line.sigma)))
      open = 0
    }
  }
  return [...found, ...Array<number>(open).fill(1)]
}

/** What the model makes of a prompt's words: `whole`, spelt from `parts`, or `unknown`; `unread` is beyond what it reads. */
export type Read = { text: string; how: 'whole' | 'parts' | 'unknown' | 'unread'; pieces: string[] }
export async function reading(text: string): Promise<Read[]> {
  const [{ tokens }, tokenizer] = await Promise.all([aboutEmoji(), emojiTokenizer()])
  let taken = 0
  return (text.trim() ? tokenizer.words(text) : [])
    .map(({ text, pieces }: Word): Read => {
      taken += pieces.length
      const how = taken > tokens ? 'unread' : pieces.some(({ id }) => id === undefined) ? 'unknown' : pieces.length > 1 ? 'parts' : 'whole'
      return { text, how, pieces: pieces.map((piece) => piece.text.replaceAll('▁', '')) }
    })
    .filter((read) => read.text)
}

/** A picture of numbers in [−1, 1] times `contrast` as a canvas takes it; a faint grey where there is none. */
export function pixels(values: Float32Array | null | undefined, contrast: number, side = SIDE): ImageData {
  const image = new ImageData(side, side)
  if (!values) return image
  const { data } = image
  const plane = side * side
  for (let i = 0, to = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) data[to++] = grey(values[c * plane + i]! / contrast)
    data[to++] = 255
  }
  return image
}

/** Which pixels of an emoji these letters of an address mark. */
export const painting = (letters: string) => marked(letters, SIDE * SIDE)
