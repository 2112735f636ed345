/**
 * The package's network for points (sfumato/nets/mlp.py), with its gradient and Adam by hand, so that it can be trained
 * in a page: small matrices, for which plain arrays are fast enough. A test holds a step of it to PyTorch's.
 */
export type MLPShape = { dimension: number; width: number; blocks: number }
const WAVES = 32
const ENDS = [Math.log2(8), Math.log2(1 / 16)] as const // of the wavelengths, as powers of two
const FREQUENCIES = Array.from({ length: WAVES }, (_, i) => (2 * Math.PI) / 2 ** (ENDS[0] + (i / (WAVES - 1)) * (ENDS[1] - ENDS[0])))
const EPSILON = 1e-5 // of a layer norm

/** Of a linear layer or a norm: where its weights lie among all. */
type Layer = { from: number; to: number; weight: number; bias: number }

/** What a forward pass leaves for the one back. */
type Pass = {
  rows: number
  levels: number
  x: Float32Array
  waves: Float32Array
  first: Float32Array
  gated: Float32Array
  second: Float32Array
  embedding: Float32Array
  blocks: { scaled: Float32Array; spread: Float32Array; normed: Float32Array; wide: Float32Array; gated: Float32Array }[]
  last: Float32Array
}

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v))
const silu = (x: Float32Array) => x.map((v) => v * sigmoid(v))
/** `dy` times the slope of silu at `x`. */
function siluBack(x: Float32Array, dy: Float32Array): Float32Array {
  return dy.map((d, i) => {
    const s = sigmoid(x[i]!)
    return d * s * (1 + x[i]! * (1 - s))
  })
}

/** A matrix among other numbers: entry (r, k) lies at `at + r·row + k·along`. */
type Matrix = { data: Float32Array; at: number; row: number; along: number }

/** Add a·bᵀ, (m, k) by (n, k), to `out` from `start`. Four rows by four at a time: sixteen sums for eight numbers read. */
export function multiply(a: Matrix, b: Matrix, out: Float32Array, start: number, [m, n, k]: [number, number, number]): void {
  const [A, B] = [a.data, b.data]
  for (let r = 0; r < m; r += 4)
    for (let c = 0; c < n; c += 4) {
      if (r + 4 > m || c + 4 > n) {
        for (let y = r; y < Math.min(m, r + 4); y++)
          for (let x = c; x < Math.min(n, c + 4); x++) {
            let total = 0
            for (let i = 0; i < k; i++) total += A[a.at + y * a.row + i * a.along]! * B[b.at + x * b.row + i * b.along]!
            out[start + y * n + x]! += total
          }
        continue
      }
      let p00 = 0, p01 = 0, p02 = 0, p03 = 0, p10 = 0, p11 = 0, p12 = 0, p13 = 0 // prettier-ignore
      let p20 = 0, p21 = 0, p22 = 0, p23 = 0, p30 = 0, p31 = 0, p32 = 0, p33 = 0 // prettier-ignore
      let i = a.at + r * a.row
      let j = b.at + c * b.row
      for (let step = 0; step < k; step++, i += a.along, j += b.along) {
        const a0 = A[i]!, a1 = A[i + a.row]!, a2 = A[i + 2 * a.row]!, a3 = A[i + 3 * a.row]! // prettier-ignore
        const b0 = B[j]!, b1 = B[j + b.row]!, b2 = B[j + 2 * b.row]!, b3 = B[j + 3 * b.row]! // prettier-ignore
        p00 += a0 * b0; p01 += a0 * b1; p02 += a0 * b2; p03 += a0 * b3
        p10 += a1 * b0; p11 += a1 * b1; p12 += a1 * b2; p13 += a1 * b3
        p20 += a2 * b0; p21 += a2 * b1; p22 += a2 * b2; p23 += a2 * b3
        p30 += a3 * b0; p31 += a3 * b1; p32 += a3 * b2; p33 += a3 * b3
      } // prettier-ignore
      const at = start + r * n + c
      out[at]! += p00; out[at + 1]! += p01; out[at + 2]! += p02; out[at + 3]! += p03
      out[at + n]! += p10; out[at + n + 1]! += p11; out[at + n + 2]! += p12; out[at + n + 3]! += p13
      out[at + 2 * n]! += p20; out[at + 2 * n + 1]! += p21; out[at + 2 * n + 2]! += p22; out[at + 2 * n + 3]! += p23
      out[at + 3 * n]! += p30; out[at + 3 * n + 1]! += p31; out[at + 3 * n + 2]! += p32; out[at + 3 * n + 3]! += p33
    }
}

export class MLP {
  /** All weights in the order in which PyTorch names them. */
  readonly weights: Float32Array
  readonly gradient: Float32Array
  private readonly noise: [Layer, Layer]
  private readonly into: Layer
  private readonly blocks: { norm: Layer; fc1: Layer; modulate: Layer; fc2: Layer }[]
  private readonly outof: Layer
  private pass: Pass | undefined

  constructor(readonly shape: MLPShape) {
    const { dimension, width, blocks } = shape
    let size = 0
    const layer = (from: number, to: number): Layer => {
      const weight = size
      size += from * to
      size += to
      return { from, to, weight, bias: size - to }
    }
    this.noise = [layer(2 * WAVES, width), layer(width, width)]
    this.into = layer(dimension, width)
    this.blocks = Array.from({ length: blocks }, () => ({
      norm: layer(1, width),
      fc1: layer(width, 4 * width),
      modulate: layer(width, 4 * width),
      fc2: layer(4 * width, width),
    }))
    this.outof = layer(width, dimension)
    this.weights = new Float32Array(size)
    this.gradient = new Float32Array(size)
  }

  /** Begin as PyTorch would, but for the dice: `normal` fills an array with standard normal numbers. */
  begin(normal: (out: Float32Array) => Float32Array): void {
    const dice = normal(new Float32Array(this.weights.length))
    const layers = [...this.noise, this.into, ...this.blocks.flatMap(({ fc1, modulate, fc2 }) => [fc1, modulate, fc2])]
    this.weights.fill(0) // and so the last layer stays: the network begins by answering zero
    for (const { from, to, weight, bias } of layers)
      for (let i = weight; i < bias + to; i++) this.weights[i] = dice[i]! / Math.sqrt(3 * from)
    for (const { norm } of this.blocks) this.weights.fill(1, norm.weight, norm.bias)
  }

  /** The answers to `x` (rows, dimension) at the noise levels of its rows: one for each `rows / noise.length` of them. */
  forward(x: Float32Array, noise: Float32Array): Float32Array {
    const { dimension, width } = this.shape
    const levels = noise.length
    const rows = x.length / dimension
    const each = rows / levels
    const waves = new Float32Array(levels * 2 * WAVES)
    for (let i = 0; i < levels; i++)
      for (let k = 0; k < WAVES; k++) {
        const angle = noise[i]! * FREQUENCIES[k]!
        waves[2 * WAVES * i + k] = Math.cos(angle)
        waves[2 * WAVES * i + WAVES + k] = Math.sin(angle)
      }
    const first = this.linear(this.noise[0], waves, levels)
    const gated = silu(first)
    const second = this.linear(this.noise[1], gated, levels)
    const embedding = silu(second)
    let h = this.linear(this.into, x, rows)
    const pass: Pass = { rows, levels, x, waves, first, gated, second, embedding, blocks: [], last: h }
    for (const { norm, fc1, modulate, fc2 } of this.blocks) {
      const { scaled, spread, normed } = this.normalise(norm, h, rows)
      const wide = this.linear(fc1, normed, rows)
      const told = this.linear(modulate, embedding, levels)
      const many = 4 * width
      for (let r = 0; r < rows; r++) {
        const at = Math.floor(r / each) * many
        for (let k = 0; k < many; k++) wide[r * many + k]! += told[at + k]!
      }
      const gated = silu(wide)
      const added = this.linear(fc2, gated, rows)
      pass.blocks.push({ scaled, spread, normed, wide, gated })
      for (let i = 0; i < added.length; i++) added[i]! += h[i]!
      h = added
    }
    pass.last = h
    this.pass = pass
    return this.linear(this.outof, h, rows)
  }

  /** Fill `gradient` from that of the answers of the last `forward`. */
  backward(slope: Float32Array): void {
    const { rows, levels, x, waves, first, gated, second, embedding, blocks, last } = this.pass!
    const each = rows / levels
    this.gradient.fill(0)
    let dh = this.linearBack(this.outof, last, slope, rows)
    const dEmbedding = new Float32Array(embedding.length)
    for (let b = this.blocks.length - 1; b >= 0; b--) {
      const { norm, fc1, modulate, fc2 } = this.blocks[b]!
      const { scaled, spread, normed, wide, gated } = blocks[b]!
      const dWide = siluBack(wide, this.linearBack(fc2, gated, dh, rows))
      const many = fc1.to
      const dTold = new Float32Array(levels * many)
      for (let r = 0; r < rows; r++) {
        const at = Math.floor(r / each) * many
        for (let k = 0; k < many; k++) dTold[at + k]! += dWide[r * many + k]!
      }
      const more = this.linearBack(modulate, embedding, dTold, levels)
      for (let i = 0; i < more.length; i++) dEmbedding[i]! += more[i]!
      const dNormed = this.linearBack(fc1, normed, dWide, rows)
      const through = this.normaliseBack(norm, scaled, spread, dNormed, rows)
      dh = dh.map((d, i) => d + through[i]!)
    }
    this.linearBack(this.into, x, dh, rows)
    const dFirst = siluBack(first, this.linearBack(this.noise[1], gated, siluBack(second, dEmbedding), levels))
    this.linearBack(this.noise[0], waves, dFirst, levels)
  }

  private linear({ from, to, weight, bias }: Layer, x: Float32Array, rows: number): Float32Array {
    const out = new Float32Array(rows * to)
    for (let r = 0; r < rows; r++) out.set(this.weights.subarray(bias, bias + to), r * to)
    multiply({ data: x, at: 0, row: from, along: 1 }, { data: this.weights, at: weight, row: from, along: 1 }, out, 0, [rows, to, from])
    return out
  }

  /** The gradient of a layer's weights, added up, and that of what went into it. */
  private linearBack({ from, to, weight, bias }: Layer, x: Float32Array, dy: Float32Array, rows: number): Float32Array {
    const g = this.gradient
    for (let i = 0; i < dy.length; i++) g[bias + (i % to)]! += dy[i]!
    multiply({ data: dy, at: 0, row: 1, along: to }, { data: x, at: 0, row: 1, along: from }, g, weight, [to, from, rows])
    const dx = new Float32Array(rows * from)
    multiply({ data: dy, at: 0, row: to, along: 1 }, { data: this.weights, at: weight, row: 1, along: from }, dx, 0, [rows, from, to])
    return dx
  }

  private normalise({ to, weight, bias }: Layer, h: Float32Array, rows: number) {
    const [scaled, normed, spread] = [new Float32Array(h.length), new Float32Array(h.length), new Float32Array(rows)]
    for (let r = 0; r < rows; r++) {
      const at = r * to
      let [mean, square] = [0, 0]
      for (let k = 0; k < to; k++) mean += h[at + k]! / to
      for (let k = 0; k < to; k++) square += (h[at + k]! - mean) ** 2 / to
      spread[r] = Math.sqrt(square + EPSILON)
      for (let k = 0; k < to; k++) {
        scaled[at + k] = (h[at + k]! - mean) / spread[r]!
        normed[at + k] = scaled[at + k]! * this.weights[weight + k]! + this.weights[bias + k]!
      }
    }
    return { scaled, spread, normed }
  }

  private normaliseBack({ to, weight, bias }: Layer, scaled: Float32Array, spread: Float32Array, dy: Float32Array, rows: number): Float32Array {
    const dx = new Float32Array(dy.length)
    for (let r = 0; r < rows; r++) {
      const at = r * to
      let [mean, along] = [0, 0]
      for (let k = 0; k < to; k++) {
        const [d, s] = [dy[at + k]!, scaled[at + k]!]
        this.gradient[weight + k]! += d * s
        this.gradient[bias + k]! += d
        dx[at + k] = d * this.weights[weight + k]!
        mean += dx[at + k]! / to
        along += (dx[at + k]! * s) / to
      }
      for (let k = 0; k < to; k++) dx[at + k] = (dx[at + k]! - mean - scaled[at + k]! * along) / spread[r]!
    }
    return dx
  }
}

/** Adam (Kingma & Ba 2015), as PyTorch has it. */
export class Adam {
  private readonly mean: Float32Array
  private readonly square: Float32Array
  private steps = 0

  constructor(private readonly net: MLP) {
    this.mean = new Float32Array(net.weights.length)
    this.square = new Float32Array(net.weights.length)
  }

  step(rate: number): void {
    const { weights, gradient } = this.net
    this.steps++
    const [first, second] = [1 - 0.9 ** this.steps, 1 - 0.999 ** this.steps]
    for (let i = 0; i < weights.length; i++) {
      const g = gradient[i]!
      this.mean[i] = 0.9 * this.mean[i]! + 0.1 * g
      this.square[i] = 0.999 * this.square[i]! + 0.001 * g * g
      weights[i]! -= (rate * (this.mean[i]! / first)) / (Math.sqrt(this.square[i]! / second) + 1e-8)
    }
  }
}
