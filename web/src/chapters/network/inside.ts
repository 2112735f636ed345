/** The network asked in full view: every block's maps, with all its parts and without those that were taken away. */
import { aboutDigits, type DigitsAbout, realDigits, schedules } from '../../compute/computed'
import { ask } from '../../compute/engine'
import { Noise } from '../../compute/noise'
import type { Tensor } from '../../compute/protocol'
import { type Maps, single } from '../../scene/tiles'

const NONE = 10n // the class called “none”
const LEVELS = 256
/** The size from which a noise's numbers are in full colour. */
export const NOISE_REACH = 2.5

export type Answer = { maps: Record<string, Maps>; shares: Record<string, Maps>; clean: Float32Array; noise: Float32Array }
export type Read = 'clean' | 'noise'
export type Seen = { about: DigitsAbout; digit: Float32Array; thrown: Float32Array; x: Float32Array; whole: Answer; cut: Answer; off: string[] }
/** `index` of a real digit, `k` of a level in 1..256, what the network is told of the class. */
export type Question = { index: number; k: number; seed: number; told: number | undefined; off: string[] }

export const levelOf = (t: number) => Math.min(LEVELS, Math.max(1, Math.round(t * LEVELS)))

export async function lookInside({ index, k, seed, told, off }: Question): Promise<Seen> {
  const [about, digits, { schedules: tables }] = await Promise.all([aboutDigits(), realDigits(), schedules()])
  const { alpha, sigma } = tables.cosine
  const digit = digits[index]!
  const thrown = new Noise(seed).fill(new Float32Array(digit.length))
  const x = digit.map((v, i) => alpha[k]! * v + sigma[k]! * thrown[i]!)
  const { c_in, c_skip, c_out, c_noise, eps_skip, eps_out } = about.levels.cosine

  async function answer(gone: string[]): Promise<Answer> {
    const { outputs } = await ask('digits/inside', {
      x: { data: x.map((v) => c_in[k]! * v), dims: [1, ...about.shape] },
      c_noise: { data: new Float32Array([c_noise[k]!]), dims: [1] },
      label: { data: BigInt64Array.of(told === undefined ? NONE : BigInt(told)), dims: [1] },
      gates: { data: Float32Array.from(about.inside.switches, (name) => (gone.includes(name) ? 0 : 1)), dims: [about.inside.switches.length] },
    })
    const said = outputs.answer!.data as Float32Array
    const named = about.inside.outputs.map((name) => [name, asMaps(outputs[name.replaceAll(/[ .]/g, '_')]!)] as const)
    return {
      maps: Object.fromEntries(named.filter(([name]) => !name.startsWith('attention '))),
      shares: Object.fromEntries(named.flatMap(([name, maps]) => (name.startsWith('attention ') ? [[name.slice(10), maps]] : []))),
      clean: x.map((v, i) => c_skip[k]! * v + c_out[k]! * said[i]!),
      noise: x.map((v, i) => eps_skip[k]! * v + eps_out[k]! * said[i]!),
    }
  }

  const whole = await answer([])
  const cut = off.length ? await answer(off) : whole
  return { about, digit, thrown, x, whole, cut, off }
}

function asMaps({ data, dims }: Tensor): Maps {
  const [, channels, height, width] = dims as [number, number, number, number]
  return { data: data as Float32Array, channels, height, width }
}

/** The mean squared difference. */
export const error = (guess: Float32Array, truth: Float32Array) =>
  guess.reduce((total, v, i) => total + (v - truth[i]!) ** 2, 0) / guess.length

/** What a block shows: its maps, the noisy picture that goes in, or the guess that comes out, as it's `read`. */
export function mapsOf(seen: Seen, block: string, read: Read = 'clean'): Maps {
  if (block === 'x') return single(seen.x)
  if (block === 'answer') return single(seen.cut[read])
  return seen.cut.maps[block]!
}
