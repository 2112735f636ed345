/** The light of a scene, and the page's colours as numbers to be mixed: what three.js does, for what is drawn flat. */
import { type Style, style } from './flat'

export const [SUN, SKY] = [1.5, 1.9]
export const SUNWARDS = [-3, 4, 1.5] as const
/** How much of the light a surface gives back that stands so: a Lambert surface under this sun and sky. */
export function lit(normal: readonly [number, number, number]): number {
  const facing = normal.reduce((sum, v, k) => sum + v * SUNWARDS[k]!, 0) / Math.hypot(...normal) / Math.hypot(...SUNWARDS)
  return (SKY + SUN * Math.max(0, facing)) / Math.PI
}

export type Light = readonly [red: number, green: number, blue: number] // as strong as it is, not as sRGB writes it
export function lightOf(name: Exclude<Style, 'sans'>): Light {
  const of = (from: number) => {
    const byte = parseInt(style(name).slice(from, from + 2), 16) / 255
    return byte < 0.04045 ? byte / 12.92 : ((byte + 0.055) / 1.055) ** 2.4
  }
  return [of(1), of(3), of(5)]
}
export const between = (one: Light, other: Light, share: number): Light => [0, 1, 2].map((k) => one[k]! + share * (other[k]! - one[k]!)) as unknown as Light
/** As a page writes it, so much of it. */
export function written(light: Light, share = 1): string {
  const bytes = light.map((v) => {
    const part = share * v
    return Math.round(255 * Math.min(1, part < 0.0031308 ? 12.92 * part : 1.055 * part ** (1 / 2.4) - 0.055))
  })
  return `rgb(${bytes.join(' ')})`
}
