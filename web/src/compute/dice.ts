/** Random numbers of a seed for what the page trains by itself: the same in every browser, so that an address shows the same. */
export class Dice {
  private state: number

  constructor(seed: number) {
    this.state = (seed + 1) * 0x9e3779b1
  }

  /** In [0, 1), by mulberry32. */
  uniform(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  below(count: number): number {
    return Math.floor(this.uniform() * count)
  }

  /** Fill `out` with standard normal numbers (Box & Muller 1958). */
  normal(out: Float32Array): Float32Array {
    for (let i = 0; i < out.length; i += 2) {
      const [radius, angle] = [Math.sqrt(-2 * Math.log(1 - this.uniform())), 2 * Math.PI * this.uniform()]
      out[i] = radius * Math.cos(angle)
      if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle)
    }
    return out
  }
}
