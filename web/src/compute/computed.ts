/** The tables that Python computed (src/sfumato/lesson/computed.py), fetched once each. */
import type { Program, Walker } from './program'
import type { Tokenizer } from './prompts'

export type Table = { alpha: number[]; sigma: number[]; logsnr: number[]; keep?: number[]; add?: number[] }
export type ScheduleName = 'linear' | 'cosine' | 'sigmoid' | 'flow' | 'edm'
export type Schedules = {
  schedules: Record<ScheduleName, Table>
  by_logsnr: { from: number; to: number; alpha: number[]; sigma: number[] }
}
export type Cloud = { dimension: number; std: number; centres: number[] }
export type CloudName = 'torus-knot' | 'spiral' | 'helix' | 'roll' | 'hills'
/** A network answers c_skip·x + c_out·net(c_in·x, c_noise) as the clean picture, eps_skip·x + eps_out·net(…) as the noise. */
export type NetworkLevels = Record<'c_in' | 'c_skip' | 'c_out' | 'c_noise' | 'eps_skip' | 'eps_out', (number | null)[]>
export type DigitsAbout = {
  shape: [number, number, number]
  classes: string[]
  parameters: number
  weights: string
  levels: Record<'cosine' | 'flow', NetworkLevels>
  real_labels: number[]
  inside: { switches: string[]; outputs: string[]; heads: Record<string, number>; widths: number[]; parameters: Record<string, number> }
}
export type Recorded = {
  seeds: number[]
  labels: number[]
  times: number[]
  schedule: ScheduleName
  calls: number
  parameters: number
  scores: { read_as_asked: number; frechet_ratio: number }
  moments: { images: number; seconds: number; loss: number | null; seen: number[]; held_out: number[] }[]
}
/** The recorded samples, moment by moment: how many are read as the digit asked for, which are not, and how near to a real one. */
export type Judged = { classifier: number; real: number; moments: { read: number; unread: number[]; seen: number; held_out: number }[] }
/** The model that reads prompts: some of them to begin with, and whether it was trained on a drawing of that name. */
export type EmojiAbout = {
  shape: [number, number, number]
  tokens: number
  parameters: number
  weights: string
  levels: Record<'cosine', NetworkLevels>
  prompts: { text: string; seen: boolean }[]
  programs: Record<string, Program>
}
/** Step count → the times on the landscape that the digits' own walk visits, and the one tuned to it; the clean end is last. */
export type Grids = Record<string, { own: number[]; tuned: number[] }>
/** A race over digits: the model or its student, and how it walks; `bytes` of the student are fetched before it draws. */
export type Few = { bytes: number; lanes: { who: 'model' | 'student'; program: Program }[] }
/** The model of latents: `bytes` of it are fetched before it draws. */
export type AvatarsAbout = { shape: number[]; tokens: number; parameters: number; bytes: number; prompts: string[]; program: Program }
export type Guided = { sampling: Record<string, unknown>; programs: Record<string, Program> }

/** A number with its 95% interval, a plain one, or words, as `sfumato claims` finds them. */
export type Cell = { value: number; low: number; high: number } | number | string | null
export type Claim = {
  name: string
  claim: string
  verdict: 'borne out' | 'not borne out' | 'undecided' | 'not applicable'
  columns: string[]
  rows: Cell[][]
  shown: number[]
  named: number
  checks: { quantity: string; found: Exclude<Cell, number | string | null>; least: number | null; most: number | null; verdict: string }[]
  notes: string[]
}
export type RivalKind = 'diffusion' | 'vae' | 'gan'
/** The GAN, the VAE and the diffusion model that were trained for as many seconds, and what was measured. */
export type Rivals = {
  seconds: number
  threads: number
  quick: boolean
  parameters: Record<RivalKind, number>
  images: Record<RivalKind, number>
  latent: number
  program: Program
  claims: Claim[]
}

const fetched = new Map<string, Promise<unknown>>()

function once<T>(path: string, read: (answer: Response) => Promise<T>): Promise<T> {
  let found = fetched.get(path) as Promise<T> | undefined
  if (!found) {
    found = fetch(new URL(`computed/${path}`, document.baseURI)).then((answer) => {
      if (!answer.ok) throw new Error(`computed/${path} could not be fetched (${answer.status})`)
      return read(answer)
    })
    found.catch(() => fetched.delete(path)) // so that the next try asks again
    fetched.set(path, found)
  }
  return found
}

export const json = <T>(path: string) => once(path, (answer) => answer.json() as Promise<T>)

export const schedules = () => json<Schedules>('schedules.json')
export const clouds = () => json<Record<CloudName, Cloud>>('clouds.json')
/** Points in the plane, x and y in turn, of unit variance. */
export const planes = () => json<Record<string, number[]>>('planes.json')
export const walker = (of: 'cloud' | 'emoji', name: string) =>
  json<Walker>(of === 'cloud' ? `walks/cloud/${name}.json` : `${of}/walks/${name}.json`)
export const guided = () => json<Guided>('digits/guided.json')
export const aboutDigits = () => json<DigitsAbout>('digits/about.json')
export const grids = () => json<Grids>('digits/grids.json')
export const few = () => json<Few>('digits/few.json')
export const recorded = () => json<Recorded>('digits/recorded.json')
export const judged = () => json<Judged>('digits/judged.json')
export const rivals = () => json<Rivals>('digits/rivals/about.json')
export const aboutEmoji = () => json<EmojiAbout>('emoji/about.json')
export const aboutAvatars = () => json<AvatarsAbout>('avatars/about.json')
const tokenizer = (path: string): Promise<Tokenizer> =>
  once(path, async (answer) => new (await import('./prompts')).Tokenizer(await answer.json()))
export const emojiTokenizer = () => tokenizer('emoji/tokenizer.json')
export const avatarsTokenizer = () => tokenizer('avatars/tokenizer.json')
export const recordedPicture = () => new URL('computed/digits/recorded.png', document.baseURI).href

/** Weights in half precision. */
export const weights = (path: string) => once(path, async (answer) => (await import('./half')).fromHalf(await answer.arrayBuffer()))
const pixelsOf = (bytes: Uint8Array) => new Float32Array(bytes).map((v) => v / 127.5 - 1)
/** Pictures of `size` bytes each, as numbers in [−1, 1]. */
export const pictures = (path: string, size: number) =>
  once(path, async (answer) => {
    const bytes = new Uint8Array(await answer.arrayBuffer())
    return Array.from({ length: bytes.length / size }, (_, i) => pixelsOf(bytes.subarray(i * size, (i + 1) * size)))
  })
/** Eighty scanned digits, eight a class in order, 8×8. */
export const realDigits = () => pictures('digits/real.bin', 64)
/** Ten emoji, 3×32×32. */
export const drawings = () => pictures('emoji/drawings.bin', 3072)
/** Six avatars that were never trained on, 3×128×128. */
export const avatars = () => pictures('avatars/drawings.bin', 49_152)
/** The first of these with its latents and what comes back from them, as Python recorded it in bytes. */
export const firstTrip = () =>
  once('avatars/first.bin', async (answer) => {
    const bytes = await answer.arrayBuffer()
    const picture = (at: number) => pixelsOf(new Uint8Array(bytes, at, 49_152))
    const latents = new Float32Array(new Int8Array(bytes, 49_152, 2048)).map((v) => (v * 4) / 127)
    return { picture: picture(0), latents, back: picture(51_200) }
  })
/** What DDPM makes of eight seeds with its fresh noise, and then of the same eight without, 3×32×32. */
export const walkedAfresh = () => pictures('emoji/fresh.bin', 3072)

/** A table's value at t in [0, 1], between its entries a straight line. */
export function at(column: readonly (number | null)[], t: number): number {
  const position = Math.min(Math.max(t, 0), 1) * (column.length - 1)
  const below = Math.min(Math.floor(position), column.length - 2)
  const [low, high] = [column[below] ?? column[below + 1]!, column[below + 1]!]
  return low + (high - low) * (position - below)
}
