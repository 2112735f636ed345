/** Which pixels are painted, as letters of an address: six pixels a letter, what follows the last painted one left out. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
export function written(painted: Uint8Array): string {
  let letters = ''
  for (let i = 0; i < painted.length; i += 6) letters += LETTERS[painted.subarray(i, i + 6).reduce((total, v, k) => total | (v << k), 0)]
  return letters.replace(/A+$/, '')
}
/** Of so many pixels those that `letters` mark with a 1. */
export function marked(letters: string, pixels: number): Uint8Array {
  const painted = new Uint8Array(pixels)
  for (const [i, letter] of [...letters].entries())
    for (let k = 0; k < 6 && 6 * i + k < painted.length; k++) painted[6 * i + k] = (Math.max(0, LETTERS.indexOf(letter)) >> k) & 1
  return painted
}
