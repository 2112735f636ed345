/** Numbers of half precision, two bytes each, the small one first. */
export function fromHalf(bytes: ArrayBuffer): Float32Array {
  const words = new Uint16Array(bytes)
  return Float32Array.from(words, (word) => {
    const [sign, exponent, fraction] = [word >> 15 ? -1 : 1, (word >> 10) & 31, word & 1023]
    if (exponent === 31) return fraction ? NaN : sign * Infinity
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024))
  })
}
