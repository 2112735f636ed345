/** A drawing as places: even over what is inked of a square canvas, in space, as wide as the other shapes. */
const MOST = 256
const SIZE = 0.95 // standard deviation along a coordinate, as of the other shapes

/** A word in the middle of a square of `side` pixels. */
export function write(context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, text: string, side: number): void {
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.font = `bold ${text.length > 1 ? (1.3 * side) / text.length : 0.95 * side}px Georgia, serif`
  context.fillText(text, side / 2, 0.53 * side, side - 8)
}

/** Farthest-point choice among the inked pixels: even, whatever the drawing. None where hardly anything is inked. */
export function places({ data }: ImageData, side: number): Float32Array | undefined {
  const inked: [number, number][] = []
  for (let y = 0; y < side; y += 2)
    for (let x = 0; x < side; x += 2) if (data[4 * (y * side + x) + 3]! > 100) inked.push([x, y])
  if (inked.length < 12) return
  const away = new Float32Array(inked.length).fill(Infinity)
  const chosen: [number, number][] = []
  let next = 0
  while (chosen.length < Math.min(MOST, inked.length)) {
    const [cx, cy] = inked[next]!
    chosen.push(inked[next]!)
    inked.forEach(([x, y], i) => (away[i] = Math.min(away[i]!, (x - cx) ** 2 + (y - cy) ** 2)))
    next = away.indexOf(away.reduce((a, b) => Math.max(a, b)))
  }
  const mean = [0, 1].map((k) => chosen.reduce((total, p) => total + p[k]!, 0) / chosen.length)
  const spread = Math.sqrt(chosen.reduce((t, p) => t + (p[0] - mean[0]!) ** 2 + (p[1] - mean[1]!) ** 2, 0) / chosen.length / 2) || 1
  return Float32Array.from(chosen.flatMap(([x, y]) => [((x - mean[0]!) / spread) * SIZE, ((mean[1]! - y) / spread) * SIZE, 0]))
}
