/** Walks of many points down the landscape. */
import { clouds, walker } from '../../compute/computed'
import { walk } from '../../compute/engine'

export const COUNT = 2000
export const STEPS = ['1', '2', '3', '5', '10', '20', '50'] as const
export const KINDS = ['ddim', 'ddpm', 'less'] as const
export type Kind = (typeof KINDS)[number]

/** Where all the points are at the start and after every step: the times are even, from 1 to 0. */
export type Frames = Float32Array[]

/** `less` is DDPM given only the share `fresh` of its noise. */
export async function walked(kind: Kind, steps: string, seed: number, fresh: number): Promise<Frames> {
  const [{ hills }, { programs }] = await Promise.all([clouds(), walker('cloud', kind === 'ddim' ? 'ddim' : 'ddpm')])
  const found: Frames = []
  const asked = { kind: 'cloud', centres: Float32Array.from(hills.centres), dimension: 1, std: hills.std } as const
  const request = { program: programs[steps]!, asked, seeds: [seed], size: COUNT, fresh: kind === 'less' ? fresh : 1 }
  for await (const { x } of walk(request)) found.push(x)
  return found
}

/** Where point `which` is at time t, between its steps on the straight line. */
export function placeOf(frames: Frames, which: number, t: number): number {
  const position = (1 - t) * (frames.length - 1)
  const before = Math.min(frames.length - 2, Math.floor(position))
  const share = position - before
  return frames[before]![which]! * (1 - share) + frames[before + 1]![which]! * share
}

export const placesAt = (frames: Frames, t: number) => Float32Array.from({ length: COUNT }, (_, i) => placeOf(frames, i, t))
