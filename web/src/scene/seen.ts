/** Where the places of a scene are seen, without a graphics card: as three.js's camera in `stage.ts` sees them at first. */
export type Point = [number, number, number]
/** Across and down in pixels, how far in front of the camera, and how many pixels long a unit is there. */
export type Spot = { x: number; y: number; depth: number; unit: number }
export type Seen = (place: Readonly<Point>) => Spot

export const FIELD = 35 // degrees, of a square picture
const SOLID = 0.37 // of a point's size, its radius to where it is half clear

/** How many times as far away a camera stands where the picture is too narrow for a scene as wide as `aspect`. */
export const further = (aspect: number, width: number, height: number) => Math.max(1, Math.min(aspect, (aspect * height) / width))

export function seenFrom(from: Point, to: Point, aspect: number, width: number, height: number): Seen {
  const far = further(aspect, width, height)
  const eye = from.map((v, k) => to[k]! + far * (v - to[k]!)) as Point
  const ahead = unit(to.map((v, k) => v - eye[k]!) as Point)
  const right = unit([-ahead[2], 0, ahead[0]])
  const up = cross(right, ahead)
  const length = Math.min(width, height) / 2 / Math.tan((FIELD * Math.PI) / 360)
  return (place) => {
    const away = place.map((v, k) => v - eye[k]!) as Point
    const depth = dot(away, ahead)
    return { x: width / 2 + (length * dot(away, right)) / depth, y: height / 2 - (length * dot(away, up)) / depth, depth, unit: length / depth }
  }
}
const dot = (a: Readonly<Point>, b: Readonly<Point>) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
const cross = (a: Point, b: Point): Point => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
const unit = (a: Point) => a.map((v) => v / Math.hypot(...a)) as Point

/** A square piece of `image` over the sheet whose corners (above and below, from left to right) are seen there; its middle is where it is. */
export function lay(context: CanvasRenderingContext2D, image: CanvasImageSource, [left, top, side]: readonly number[], corners: readonly Spot[]): void {
  const [a, b, c, d] = corners as [Spot, Spot, Spot, Spot]
  const across = { x: (b.x - a.x + d.x - c.x) / 2, y: (b.y - a.y + d.y - c.y) / 2 }
  const down = { x: (c.x - a.x + d.x - b.x) / 2, y: (c.y - a.y + d.y - b.y) / 2 }
  const share = ((b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x)) / ((d.x - a.x) * (c.y - b.y) - (d.y - a.y) * (c.x - b.x)) // of a diagonal, where the other crosses it
  context.save()
  context.imageSmoothingEnabled = false
  context.transform(across.x, across.y, down.x, down.y, a.x + share * (d.x - a.x) - (across.x + down.x) / 2, a.y + share * (d.y - a.y) - (across.y + down.y) / 2)
  context.drawImage(image, left!, top!, side!, side!, 0, 0, 1, 1)
  context.restore()
}
/** A point of a cloud of `points.ts`, of that size there. */
export function speck(context: CanvasRenderingContext2D, { x, y, depth }: Spot, size: number): void {
  context.beginPath()
  context.arc(x, y, (SOLID * size) / depth / Math.min(devicePixelRatio, 2), 0, 2 * Math.PI)
  context.fill()
}
