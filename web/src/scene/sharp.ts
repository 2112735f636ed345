/** `canvas` emptied for a drawing of so many pixels of the page, sharp on fine screens; undefined where it can't be drawn on. */
export function sharp(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | undefined {
  const density = Math.min(devicePixelRatio, 2)
  ;[canvas.width, canvas.height] = [width * density, height * density]
  const context = canvas.getContext('2d') ?? undefined
  context?.scale(density, density)
  return context
}
