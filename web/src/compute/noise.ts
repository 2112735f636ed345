/**
 * The noise of a seed, so that a seed is the same picture here and in Python: PyTorch's CPU generator, MT19937, begun as
 * sfumato/seeds.py begins it, and normal numbers by Box–Muller in blocks of sixteen (ATen's normal_fill, which serves
 * tensors of 16 numbers and more).
 */
export class Noise {
  private readonly state: Uint32Array
  private position = 624

  constructor(seed: number) {
    this.state = spread([IMAGE, 1, seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0])
    this.state[0]! |= 0x80000000
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

const IMAGE = 0xc53d045f // crc32("image"), the purpose of the stream

/** NumPy's SeedSequence: up to four words of 32 bits, spread over the 624 of a state. */
function spread(entropy: readonly number[]): Uint32Array {
  const pool = new Uint32Array(4)
  let factor = 0x43b0d7e5
  const hashed = (word: number) => {
    word ^= factor
    factor = Math.imul(factor, 0x931e8875)
    word = Math.imul(word, factor)
    return word ^ (word >>> 16)
  }
  for (let i = 0; i < 4; i++) pool[i] = hashed(entropy[i] ?? 0)
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      if (from === to) continue
      const mixed = Math.imul(0xca01f9dd, pool[to]!) - Math.imul(0x4973f715, hashed(pool[from]!))
      pool[to] = mixed ^ (mixed >>> 16)
    }
  }
  factor = 0x8b51f9dd
  return Uint32Array.from({ length: 624 }, (_, i) => {
    let word = pool[i % 4]! ^ factor
    factor = Math.imul(factor, 0x58f38ded)
    word = Math.imul(word, factor)
    return word ^ (word >>> 16)
  })
}
