/** The landscape over place and time of one-dimensional data, as the exact denoiser's graph tells it. */
import { clouds, schedules } from '../../compute/computed'
import { ask } from '../../compute/engine'

export const REACH = 3.2 // the landscape goes from −REACH to REACH
export const PLACES = 129
export const TIMES = 65

/** At one time, for every place: density, best guess and predicted noise. */
export type Cut = { density: Float32Array; answer: Float32Array; eps: Float32Array }
export type Landscape = { x: Float32Array; cuts: Cut[]; highest: number }

const one = (value: number) => ({ data: Float32Array.of(value), dims: [1] })

async function survey(): Promise<Landscape> {
  const [{ schedules: tables }, { hills }] = await Promise.all([schedules(), clouds()])
  const table = tables.cosine
  const x = Float32Array.from({ length: PLACES }, (_, i) => REACH * ((2 * i) / (PLACES - 1) - 1))
  const centres = Float32Array.from(hills.centres)
  const cuts = await Promise.all(
    Array.from({ length: TIMES }, async (_, i) => {
      const row = Math.round((i * (table.alpha.length - 1)) / (TIMES - 1))
      const { outputs } = await ask('exact', {
        x: { data: x, dims: [PLACES, 1] },
        alpha: one(table.alpha[row]!),
        sigma: one(table.sigma[row]!),
        centres: { data: centres, dims: [centres.length, 1] },
        std: one(hills.std),
      })
      const found = (name: string) => outputs[name]!.data as Float32Array
      return { density: found('log_density').map(Math.exp), answer: found('answer'), eps: found('eps') }
    }),
  )
  return { x, cuts, highest: Math.max(...cuts[0]!.density) }
}

let surveyed: Promise<Landscape> | undefined
export function landscape(): Promise<Landscape> {
  surveyed ??= survey()
  surveyed.catch(() => (surveyed = undefined)) // so that the next try asks again
  return surveyed
}

/** A column at any time and place, between its entries a straight line. */
export function read({ cuts }: Landscape, column: keyof Cut, t: number, x: number): number {
  const [row, place] = [t * (TIMES - 1), ((x / REACH + 1) / 2) * (PLACES - 1)]
  const along = (cut: Cut) => {
    const below = Math.min(PLACES - 2, Math.max(0, Math.floor(place)))
    const share = Math.min(1, Math.max(0, place - below))
    return cut[column][below]! * (1 - share) + cut[column][below + 1]! * share
  }
  const before = Math.min(TIMES - 2, Math.floor(row))
  return along(cuts[before]!) * (1 - (row - before)) + along(cuts[before + 1]!) * (row - before)
}

/** The density over all places at one time. */
export const densityAt = (land: Landscape, t: number) => land.x.map((x) => read(land, 'density', t, x))
