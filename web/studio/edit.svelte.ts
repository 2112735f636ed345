/** The picture to begin with: where it lies in the frame of the model, and what of the frame is to be generated. */
import type { Asked, ClipAsked, Model } from './api'

export type Tool = 'vary' | 'paint' | 'move'
type Edit = { picture: ImageBitmap | undefined; name: string; tool: Tool; strength: number; painted: Uint8Array; x: number; y: number; zoom: number; sketch: Uint8Array }

const NONE = new Uint8Array()
/** `x` and `y` are the picture's corner in pixels of the frame, which it fills where `zoom` is 1. */
export const edit = $state<Edit>({ picture: undefined, name: '', tool: 'vary', strength: 0.6, painted: NONE, x: 0, y: 0, zoom: 1, sketch: NONE })

export const sides = (model: Model) => model.size.split('x').map(Number) as [number, number]
/** What is painted, or nothing of a frame of that size. */
export const masked = (mask: Uint8Array, count: number) => (mask.length === count ? mask : new Uint8Array(count))

/** Begin with a picture, or with the first frame where so many stand beside each other. */
export async function take(file: Blob, name: string, frames = 1): Promise<void> {
  const whole = await createImageBitmap(file)
  const picture = frames === 1 ? whole : await createImageBitmap(whole, 0, 0, whole.width / frames, whole.height)
  edit.picture?.close()
  Object.assign(edit, { picture, name, painted: NONE, x: 0, y: 0, zoom: 1 })
}
export function leave(): void {
  edit.picture?.close()
  Object.assign(edit, { picture: undefined, name: '', painted: NONE, x: 0, y: 0, zoom: 1 })
}

/** Where the picture lies: it keeps its shape, and covers the frame where zoom is 1. */
function box([width, height]: [number, number]): [number, number, number, number] {
  const { picture, x, y, zoom } = edit
  const scale = zoom * Math.max(width / picture!.width, height / picture!.height)
  const [w, h] = [Math.max(1, Math.round(picture!.width * scale)), Math.max(1, Math.round(picture!.height * scale))]
  return [Math.round((width - w) / 2) + x, Math.round((height - h) / 2) + y, w, h]
}

/** The frame with the picture in it; what that leaves open has the colour of nothing in particular. */
export function framed(size: [number, number]): OffscreenCanvas {
  const canvas = new OffscreenCanvas(...size)
  const context = canvas.getContext('2d')!
  context.fillStyle = '#808080'
  context.fillRect(0, 0, ...size)
  context.imageSmoothingQuality = 'high'
  context.drawImage(edit.picture!, ...box(size))
  return canvas
}

/** What is to be generated, 1 a pixel: what is painted, and what the picture leaves open. Nothing where all is kept. */
export function open(size: [number, number]): Uint8Array | undefined {
  const [width, height] = size
  if (edit.tool === 'vary') return undefined
  const [left, top, w, h] = box(size)
  const painted = masked(edit.painted, width * height)
  const mask = painted.map((one, i) => {
    const [x, y] = [i % width, Math.floor(i / width)]
    return one || x < left || y < top || x >= left + w || y >= top + h ? 1 : 0
  })
  return mask.some(Boolean) ? mask : undefined
}

function white(mask: Uint8Array, [width, height]: [number, number]): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height)
  const pixels = new ImageData(width, height)
  mask.forEach((one, i) => pixels.data.set([255 * one, 255 * one, 255 * one, 255], 4 * i))
  canvas.getContext('2d')!.putImageData(pixels, 0, 0)
  return canvas
}
async function base64(canvas: OffscreenCanvas): Promise<string> {
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

/** Whether the model is conditioned on a picture, which can be sketched. */
export const sketches = (model: Model) => model.conditions.filter(({ kind }) => kind === 'image').length === 1

/** What the picture and the sketch add to what is asked. */
export async function pictures(model: Model): Promise<Partial<Asked> | Partial<ClipAsked>> {
  const size = sides(model)
  if (model.frames !== null) return edit.picture ? { input_reference: await base64(framed(size)) } : {}
  const asked: Partial<Asked> = {}
  const sketch = masked(edit.sketch, size[0] * size[1])
  if (sketches(model) && sketch.some(Boolean)) Object.assign(asked, { control: await base64(white(sketch, size)), control_ready: true })
  if (!edit.picture) return asked
  const mask = open(size)
  const image = await base64(framed(size))
  return mask ? { ...asked, image, mask: await base64(white(mask, size)) } : { ...asked, image, strength: edit.strength }
}
