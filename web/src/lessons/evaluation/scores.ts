/**
 * What `sfumato eval` computes of features, in the page: sfumato/evaluation/{frechet,kernel,manifold,memorisation}.py.
 * A set is `count` rows of `dimension` numbers, one after the other.
 */
export type Features = { rows: Float64Array; dimension: number }
export const count = ({ rows, dimension }: Features) => rows.length / dimension
export const some = ({ rows, dimension }: Features, first: number, end: number): Features => ({ rows: rows.subarray(first * dimension, end * dimension), dimension })

/** Eigenvalues of a symmetric matrix and its eigenvectors, a row each, by Jacobi's rotations. */
export function eigen(matrix: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice()
  const v = new Float64Array(n * n)
  for (let i = 0; i < n; i++) v[i * n + i] = 1
  const size = a.reduce((sum, x) => sum + x * x, 0)
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) off += a[i * n + j]! ** 2
    if (off <= 1e-28 * size) break
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q]!
        if (!apq) continue
        const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq)
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1))
        const c = 1 / Math.hypot(t, 1)
        const s = t * c
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k * n + p]!, a[k * n + q]!]
          a[k * n + p] = c * x - s * y
          a[k * n + q] = s * x + c * y
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p * n + k]!, a[q * n + k]!]
          a[p * n + k] = c * x - s * y
          a[q * n + k] = s * x + c * y
          const [u, w] = [v[p * n + k]!, v[q * n + k]!]
          v[p * n + k] = c * u - s * w
          v[q * n + k] = s * u + c * w
        }
      }
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]!), vectors: v }
}
function times(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) {
      const x = a[i * n + k]!
      for (let j = 0; j < n; j++) out[i * n + j]! += x * b[k * n + j]!
    }
  return out
}

export type Moments = { mean: Float64Array; covariance: Float64Array; trace: number }
export function moments(set: Features): Moments {
  const { rows, dimension: d } = set
  const n = count(set)
  const mean = new Float64Array(d)
  for (let i = 0; i < rows.length; i++) mean[i % d]! += rows[i]! / n
  const covariance = new Float64Array(d * d)
  for (let r = 0; r < n; r++)
    for (let i = 0; i < d; i++) {
      const x = (rows[r * d + i]! - mean[i]!) / (n - 1)
      for (let j = 0; j < d; j++) covariance[i * d + j]! += x * (rows[r * d + j]! - mean[j]!)
    }
  let trace = 0
  for (let i = 0; i < d; i++) trace += covariance[i * d + i]!
  return { mean, covariance, trace }
}
/** The real set, with all that is computed of it but once. */
export class Reference {
  readonly moments: Moments
  private readonly root: Float64Array
  readonly radii: Float64Array
  private readonly own: number

  constructor(readonly set: Features) {
    this.moments = moments(set)
    const d = set.dimension
    const { values, vectors } = eigen(this.moments.covariance, d)
    const scaled = vectors.map((v, i) => v * Math.sqrt(Math.max(0, values[Math.floor(i / d)]!)))
    this.root = new Float64Array(d * d)
    for (let i = 0; i < d; i++)
      for (let j = 0; j < d; j++) for (let k = 0; k < d; k++) this.root[i * d + j]! += vectors[k * d + i]! * scaled[k * d + j]!
    const away = distances(set, set)
    this.radii = radii(away, count(set))
    this.own = kernelMean(away, set, set, true)
  }

  /** ‖μ_a − μ_b‖² + tr(C_a + C_b − 2·(C_a C_b)^½) (Heusel et al. 2017, eq. 6). */
  frechet(set: Features): number {
    const [a, b, d] = [moments(set), this.moments, set.dimension]
    const { values } = eigen(times(times(this.root, a.covariance, d), this.root, d), d)
    const shift = a.mean.reduce((sum, v, i) => sum + (v - b.mean[i]!) ** 2, 0)
    return Math.max(0, shift + a.trace + b.trace - 2 * values.reduce((sum, v) => sum + Math.sqrt(Math.max(0, v)), 0))
  }

  /** All that rests on how far each row is from each real one. */
  neighbours(set: Features): { kernel: number; precision: number; recall: number; ratios: Float64Array } {
    const [n, m] = [count(set), count(this.set)]
    const inside = distances(set, set)
    const own = radii(inside, n)
    const across = distances(set, this.set)
    const found = new Uint8Array(m)
    let precise = 0
    for (let i = 0; i < n; i++) {
      let within = false
      for (let j = 0; j < m; j++) {
        const away = across[i * m + j]!
        within ||= away < this.radii[j]!
        if (away < own[i]!) found[j] = 1
      }
      if (within) precise++
    }
    return {
      kernel: kernelMean(inside, set, set, true) + this.own - 2 * kernelMean(across, set, this.set),
      precision: precise / n,
      recall: found.reduce((a, b) => a + b, 0) / m,
      ratios: this.ratios(set, across),
    }
  }

  /** Of each row how far its nearest real one is, as a share of how far the next fifty are (Carlini et al. 2023, eq. 3). */
  ratios(set: Features, across = distances(set, this.set)): Float64Array {
    const m = count(this.set)
    return Float64Array.from({ length: count(set) }, (_, i) => {
      const near = across.slice(i * m, (i + 1) * m).sort()
      let usual = 0
      for (let k = 1; k <= NEXT; k++) usual += near[k]! / NEXT
      return near[0]! / Math.max(usual, 1e-12)
    })
  }
}
const NEXT = 50
export const NEIGHBOURS = 5

function distances(a: Features, b: Features): Float64Array {
  const [n, m, d] = [count(a), count(b), a.dimension]
  const [x, y, out] = [a.rows, b.rows, new Float64Array(n * m)]
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      let sum = 0
      for (let k = 0; k < d; k++) {
        const apart = x[i * d + k]! - y[j * d + k]!
        sum += apart * apart
      }
      out[i * m + j] = Math.sqrt(sum)
    }
  return out
}
const squares = ({ rows, dimension: d }: Features) =>
  Float64Array.from({ length: rows.length / d }, (_, i) => rows.subarray(i * d, (i + 1) * d).reduce((sum, v) => sum + v * v, 0))
/** The mean of k(x, y) = (x·y/d + 1)³ over pairs (Bińkowski et al. 2018), none of a row with itself where they are `same`. */
function kernelMean(away: Float64Array, a: Features, b: Features, same = false): number {
  const [n, m, d] = [count(a), count(b), a.dimension]
  const [one, other] = [squares(a), squares(b)]
  let sum = 0
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) if (!same || i !== j) sum += ((one[i]! + other[j]! - away[i * m + j]! ** 2) / 2 / d + 1) ** 3
  return sum / (n * (same ? m - 1 : m))
}
/** Of each row how far the fifth nearest other is. */
const radii = (away: Float64Array, n: number) => Float64Array.from({ length: n }, (_, i) => away.slice(i * n, (i + 1) * n).sort()[NEIGHBOURS]!)
/** The ratio that hardly one in a hundred pictures falls below that were never trained on. */
export const threshold = (heldOut: Float64Array) => heldOut.slice().sort()[Math.max(1, Math.floor(heldOut.length / 100)) - 1]!
