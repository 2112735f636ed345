/** What is drawn on a canvas without three.js, so that a page without a scene in space does not fetch it. */

export const SIDE = 8 // of a digit
/** Texels a pixel of a card `across` pictures wide, so that the frame, one texel, is thin. */
export const grown = (across: number) => (across > 2 ? 2 : 4)

/** Grey of a number in [−1, 1], as the package's own PNGs have it. */
export const grey = (value: number) => Math.round((Math.min(1, Math.max(-1, value)) + 1) * 127.5)

const STYLES = ['ink', 'soft', 'line', 'blue', 'orange', 'green', 'pink', 'scene', 'sans'] as const
export type Style = (typeof STYLES)[number]
const styles = new Map<string | undefined, Record<Style, string>>() // of each theme
/** A colour of the page, or its font; read once a theme: asking for it stops the page until all that is new on it has its style. */
export function style(name: Style): string {
  const { theme } = document.documentElement.dataset
  let found = styles.get(theme)
  if (!found) {
    const all = getComputedStyle(document.documentElement)
    styles.set(theme, (found = Object.fromEntries(STYLES.map((one) => [one, all.getPropertyValue(`--${one}`).trim()])) as Record<Style, string>))
  }
  return found[name]
}
if (!import.meta.env.SSR) style('ink') // before there is a scene

export type Shade = readonly [number, number, number]
/** A colour of the page in bytes; read again when the theme changes. */
export function shade(name: 'line' | 'blue' | 'orange' | 'scene'): Shade {
  const hex = parseInt(style(name).slice(1), 16)
  return [hex >> 16, (hex >> 8) & 255, hex & 255]
}

/** A card on a flat canvas, its upper left corner at x, y. */
export function paintCard(
  context: CanvasRenderingContext2D, pictures: Float32Array, across: number, x: number, y: number, size: number, frame: string,
): void {
  context.fillStyle = frame
  context.fillRect(x, y, size, size)
  const gap = size / (across * SIDE * grown(across) + across + 1)
  const pixel = gap * grown(across)
  for (let which = 0; which < across * across; which++) {
    const left = x + gap + (which % across) * (SIDE * pixel + gap)
    const top = y + gap + Math.floor(which / across) * (SIDE * pixel + gap)
    for (let i = 0; i < SIDE * SIDE; i++) {
      const shade = grey(pictures[which * SIDE * SIDE + i] ?? -1)
      context.fillStyle = `rgb(${shade} ${shade} ${shade})`
      context.fillRect(left + (i % SIDE) * pixel, top + Math.floor(i / SIDE) * pixel, pixel + 0.3, pixel + 0.3)
    }
  }
}

/** The font for the words of a flat drawing. */
export const flatFont = () => `13px ${style('sans')}`
