/** A canvas that the graphics card is not asked for: a first drawing does not wait for it. */
export const KEPT: CanvasRenderingContext2DSettings = { willReadFrequently: true }
/** `canvas` emptied for a drawing of so many pixels of the page, sharp on fine screens; undefined where it can't be drawn on. */
export function sharp(canvas: HTMLCanvasElement, width: number, height: number, how: CanvasRenderingContext2DSettings = {}): CanvasRenderingContext2D | undefined {
  const density = Math.min(devicePixelRatio, 2)
  ;[canvas.width, canvas.height] = [width * density, height * density]
  const context = canvas.getContext('2d', how) ?? undefined
  context?.scale(density, density)
  return context
}
