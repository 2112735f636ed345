/**
 * PyTorch's CPU generator, so that a seed is the same picture here and in Python: MT19937, and normal numbers by
 * Box–Muller in blocks of sixteen (ATen's normal_fill, which serves tensors of 16 numbers and more).
 */
export class Noise {
  private readonly state = new Uint32Array(624)
  private position = 624

  constructor(seed: number) {
    const s = this.state
    s[0] = seed >>> 0
    for (let i = 1; i < 624; i++) {
      const before = s[i - 1]! ^ (s[i - 1]! >>> 30)
      s[i] = Math.imul(1812433253, before) + i
    }
  }

  private random(): number {
    const s = this.state
    if (this.position === 624) {
      for (let i = 0; i < 624; i++) {
        const y = (s[i]! & 0x80000000) | (s[(i + 1) % 624]! & 0x7fffffff)
        s[i] = s[(i + 397) % 624]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
      }
      this.position = 0
    }
    let y = s[this.position++]!
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  private uniform(): number {
    return (this.random() & 0xffffff) / 0x1000000
  }

  /** Fill `out` (16 numbers or more) with standard normal noise, as `torch.empty(n).normal_(generator=g)` does. */
  fill(out: Float32Array): Float32Array {
    const size = out.length
    if (size < 16) throw new RangeError('noise comes in 16 numbers or more')
    for (let i = 0; i < size; i++) out[i] = this.uniform()
    for (let i = 0; i + 15 < size; i += 16) boxMuller(out, i)
    if (size % 16) {
      for (let i = size - 16; i < size; i++) out[i] = this.uniform()
      boxMuller(out, size - 16)
    }
    return out
  }
}

function boxMuller(out: Float32Array, start: number): void {
  for (let j = start; j < start + 8; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - out[j]!))
    const angle = 2 * Math.PI * out[j + 8]!
    out[j] = radius * Math.cos(angle)
    out[j + 8] = radius * Math.sin(angle)
  }
}

/** One seed a row, `noise()` → the next `(seeds, size)` numbers; row i depends on `seeds[i]` alone. */
export function imageNoise(seeds: readonly number[], size: number): () => Float32Array {
  const generators = seeds.map((seed) => new Noise(seed))
  return () => {
    const out = new Float32Array(seeds.length * size)
    generators.forEach((generator, i) => generator.fill(out.subarray(i * size, (i + 1) * size)))
    return out
  }
}
