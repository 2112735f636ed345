/** A plain network, layer after layer with tanh between, its gradient by hand, and Adam: forger and critic are such. */
import { multiply } from '../../compute/mlp'

type Layer = { from: number; to: number; weight: number; bias: number }

export class Dense {
  /** All weights in the order in which PyTorch names those of a Sequential. */
  readonly weights: Float32Array
  readonly gradient: Float32Array
  private readonly layers: Layer[]
  private passed: Float32Array[] = []
  private readonly mean: Float32Array
  private readonly square: Float32Array
  private steps = 0

  constructor(readonly sizes: readonly number[]) {
    let size = 0
    this.layers = sizes.slice(1).map((to, i) => {
      const from = sizes[i]!
      const layer = { from, to, weight: size, bias: size + from * to }
      size += from * to + to
      return layer
    })
    this.weights = new Float32Array(size)
    this.gradient = new Float32Array(size)
    this.mean = new Float32Array(size)
    this.square = new Float32Array(size)
  }

  /** Weights of the size that keeps numbers as large as they are from layer to layer. */
  begin(normal: (out: Float32Array) => Float32Array): void {
    normal(this.weights)
    for (const { from, to, weight, bias } of this.layers) {
      for (let i = weight; i < bias; i++) this.weights[i]! /= Math.sqrt(from)
      this.weights.fill(0, bias, bias + to)
    }
  }

  forward(x: Float32Array): Float32Array {
    const rows = x.length / this.sizes[0]!
    this.passed = [x]
    let h = x
    for (const [i, { from, to, weight, bias }] of this.layers.entries()) {
      const out = new Float32Array(rows * to)
      for (let r = 0; r < rows; r++) out.set(this.weights.subarray(bias, bias + to), r * to)
      multiply({ data: h, at: 0, row: from, along: 1 }, { data: this.weights, at: weight, row: from, along: 1 }, out, 0, [rows, to, from])
      if (i + 1 < this.layers.length) for (let k = 0; k < out.length; k++) out[k] = Math.tanh(out[k]!)
      this.passed.push(out)
      h = out
    }
    return h
  }

  /** Fill `gradient` from that of the answers of the last `forward`; returns that of what went in. */
  backward(slope: Float32Array): Float32Array {
    const rows = slope.length / this.sizes.at(-1)!
    this.gradient.fill(0)
    let d = slope
    for (let i = this.layers.length - 1; i >= 0; i--) {
      const { from, to, weight, bias } = this.layers[i]!
      const [x, y] = [this.passed[i]!, this.passed[i + 1]!]
      if (i + 1 < this.layers.length) d = d.map((v, k) => v * (1 - y[k]! ** 2))
      for (let k = 0; k < d.length; k++) this.gradient[bias + (k % to)]! += d[k]!
      multiply({ data: d, at: 0, row: 1, along: to }, { data: x, at: 0, row: 1, along: from }, this.gradient, weight, [to, from, rows])
      const dx = new Float32Array(rows * from)
      multiply({ data: d, at: 0, row: to, along: 1 }, { data: this.weights, at: weight, row: 1, along: from }, dx, 0, [rows, from, to])
      d = dx
    }
    return d
  }

  /** A step of Adam (Kingma & Ba 2015), with little momentum: the other player moves too. */
  step(rate: number): void {
    const [b1, b2] = BETAS
    this.steps++
    const [first, second] = [1 - b1 ** this.steps, 1 - b2 ** this.steps]
    for (let i = 0; i < this.weights.length; i++) {
      const g = this.gradient[i]!
      this.mean[i] = b1 * this.mean[i]! + (1 - b1) * g
      this.square[i] = b2 * this.square[i]! + (1 - b2) * g * g
      this.weights[i]! -= (rate * (this.mean[i]! / first)) / (Math.sqrt(this.square[i]! / second) + 1e-8)
    }
  }
}
export const BETAS = [0.5, 0.99] as const
