/** Pictures as lists of numbers, and the two numbers by which the scene places each on its plane. */
import { Dice } from '../../compute/dice'

export const SIDE = 8
export const PIXELS = SIDE * SIDE

/** A picture whose pixels are thrown with dice: each from black (−1) to white (1), whatever its neighbours are. */
export function thrown(seed: number): Float32Array {
  const dice = new Dice(seed)
  return Float32Array.from({ length: PIXELS }, () => 2 * dice.uniform() - 1)
}
export const mixed = (picture: ArrayLike<number>, other: ArrayLike<number>, share: number) =>
  Float32Array.from({ length: PIXELS }, (_, i) => (1 - share) * picture[i]! + share * other[i]!)

/** How bright a picture is on average, from −1 to 1. */
export const brightness = (picture: ArrayLike<number>) => Array.from(picture).reduce((sum, v) => sum + v, 0) / PIXELS

/** How far neighbours agree: the correlation between a pixel and the ones beside and below it. */
export function likeness(picture: ArrayLike<number>): number {
  const pairs: [number, number][] = []
  for (let i = 0; i < PIXELS; i++) {
    if ((i + 1) % SIDE) pairs.push([picture[i]!, picture[i + 1]!])
    if (i + SIDE < PIXELS) pairs.push([picture[i]!, picture[i + SIDE]!])
  }
  const mean = (of: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[of], 0) / pairs.length
  const [a, b] = [mean(0), mean(1)]
  let [together, first, second] = [0, 0, 0]
  for (const [x, y] of pairs) {
    together += (x - a) * (y - b)
    first += (x - a) ** 2
    second += (y - b) ** 2
  }
  return together / Math.sqrt(first * second || 1)
}
