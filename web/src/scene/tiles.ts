/** Feature maps as pictures: tiles side by side, each number a pixel. */
import { grey, type Shade, shade } from './flat'

/** `data` holds `channels` maps of `height` × `width`, row by row. */
export type Maps = { data: Float32Array; channels: number; height: number; width: number }
export type { Shade }
export type Tint = (value: number) => Shade

/** A picture's own grey: −1 is black and 1 is white. */
export const greys: Tint = (value) => {
  const tone = grey(value)
  return [tone, tone, tone]
}

/** Blue below zero, orange above, paper at zero; in full from `most` on. The theme decides the shades. */
export function signs(most: number): Tint {
  const [paper, below, above] = [shade('scene'), shade('blue'), shade('orange')]
  return (value) => {
    const share = Math.min(1, Math.abs(value) / most)
    const to = value < 0 ? below : above
    return [paper[0] + share * (to[0] - paper[0]), paper[1] + share * (to[1] - paper[1]), paper[2] + share * (to[2] - paper[2])]
  }
}

/** The lines between tiles. */
export const lineShade = () => shade('line')

/** The size that only one in twenty numbers exceeds: a scale that a few wild ones don't spoil. */
export function reach({ data }: Maps): number {
  const sizes = Float32Array.from(data, Math.abs).sort()
  return sizes[Math.floor(sizes.length * 0.95)] || 1
}

export const single = (data: Float32Array, side = 8): Maps => ({ data, channels: 1, height: side, width: side })

/** The maps as one picture of RGBA bytes, `columns` abreast, a line of `line` between and around them (none: no lines). */
export function sheet(maps: Maps, columns: number, tint: Tint, line?: Shade): { pixels: Uint8ClampedArray<ArrayBuffer>; width: number; height: number } {
  const { data, channels, height: tall, width: wide } = maps
  const gap = line ? 1 : 0
  const width = columns * (wide + gap) + gap
  const height = Math.ceil(channels / columns) * (tall + gap) + gap
  const pixels = new Uint8ClampedArray(4 * width * height)
  if (line) for (let i = 0; i < width * height; i++) pixels.set([...line, 255], 4 * i)
  for (let channel = 0; channel < channels; channel++) {
    const left = gap + (channel % columns) * (wide + gap)
    const top = gap + Math.floor(channel / columns) * (tall + gap)
    for (let y = 0; y < tall; y++) {
      for (let x = 0; x < wide; x++) {
        const [r, g, b] = tint(data[(channel * tall + y) * wide + x]!)
        const at = 4 * ((top + y) * width + left + x)
        pixels[at] = r
        pixels[at + 1] = g
        pixels[at + 2] = b
        pixels[at + 3] = 255
      }
    }
  }
  return { pixels, width, height }
}

/** A sheet as a canvas of its own, to be drawn onto another; kept from the graphics card, which would be waited for. */
export function sheetCanvas(...what: Parameters<typeof sheet>): HTMLCanvasElement {
  const { pixels, width, height } = sheet(...what)
  const canvas = document.createElement('canvas')
  Object.assign(canvas, { width, height })
  canvas.getContext('2d', { willReadFrequently: true })!.putImageData(new ImageData(pixels, width, height), 0, 0)
  return canvas
}
