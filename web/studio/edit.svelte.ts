/**
 * The picture to begin with: where it lies in the frame of the model, and what of the frame is to be generated; and the
 * one that is followed, sketched or from a file.
 */
import type { Asked, ClipAsked, Model } from './api'

export type Tool = 'vary' | 'paint' | 'move'
export type Lines = 'light' | 'dark'
type Followed = { file: Blob; url: string; name: string }
type Edit = { picture: ImageBitmap | undefined; name: string; tool: Tool; strength: number; painted: Uint8Array; x: number; y: number; zoom: number; sketch: Uint8Array; lines: Lines; followed: Followed | undefined; closely: number }

const NONE = new Uint8Array()
/** `x` and `y` are the picture's corner in pixels of the frame, which it fills where `zoom` is 1. */
export const edit = $state<Edit>({ picture: undefined, name: '', tool: 'vary', strength: 0.6, painted: NONE, x: 0, y: 0, zoom: 1, sketch: NONE, lines: 'light', followed: undefined, closely: 1 })

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
const png = (canvas: OffscreenCanvas) => canvas.convertToBlob({ type: 'image/png' })
async function base64(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

/** The picture that the model is conditioned on, where it is on one. */
export function follows(model: Model): Model['conditions'][number] | undefined {
  const [one, ...others] = model.frames === null ? model.conditions.filter(({ kind }) => kind === 'image') : []
  return others.length ? undefined : one
}
/** How the lines of a sketch look to the model: as those that are computed, or as whoever sketches says. */
const LINES: Record<string, Lines> = { edges: 'light', sketch: 'dark' }
export const linesOf = ({ name }: Model['conditions'][number]): Lines | undefined => LINES[name]
/** Whether it can be sketched: of what is computed, lines alone can. */
export const sketchable = (one: Model['conditions'][number]) => !one.computed || linesOf(one) !== undefined

/** Follow a picture; throws where the browser can't read it. */
export async function follow(file: Blob, name: string): Promise<void> {
  ;(await createImageBitmap(file)).close()
  followNone()
  edit.followed = { file, url: URL.createObjectURL(file), name }
}
export function followNone(): void {
  if (edit.followed) URL.revokeObjectURL(edit.followed.url)
  edit.followed = undefined
}

/** The picture that is followed, as the field of a request. */
async function control(model: Model, size: [number, number]): Promise<Partial<Asked>> {
  const one = follows(model)
  const sketch = masked(edit.sketch, size[0] * size[1])
  if (!one || !(edit.followed || (sketchable(one) && sketch.some(Boolean)))) return {}
  const how = model.control_branch === one.name && edit.closely !== 1 ? { control_strength: edit.closely } : {}
  if (edit.followed) return { control: await base64(edit.followed.file), ...how }
  const dark = (linesOf(one) ?? edit.lines) === 'dark'
  return { control: await base64(await png(white(dark ? sketch.map((ink) => 1 - ink) : sketch, size))), control_ready: true, ...how }
}

/** What the picture and the sketch add to what is asked. */
export async function pictures(model: Model): Promise<Partial<Asked> | Partial<ClipAsked>> {
  const size = sides(model)
  const image = async () => base64(await png(framed(size)))
  if (model.frames !== null) return edit.picture ? { input_reference: await image() } : {}
  const asked = await control(model, size)
  if (!edit.picture) return asked
  const mask = open(size)
  return mask ? { ...asked, image: await image(), mask: await base64(await png(white(mask, size))) } : { ...asked, image: await image(), strength: edit.strength }
}
