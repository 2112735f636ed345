/** Avatars of 128×128 pixels: into latents and back, and drawn in latents from words. */
import { aboutAvatars, aboutEmoji, avatarsTokenizer } from '../../compute/computed'
import { ask, walk } from '../../compute/engine'
import type { Timed } from '../../compute/program'
import { LONGEST, SIDE as TINY } from './emoji'

export const SIDE = 128
export const SIZE = 3 * SIDE * SIDE
export const DEPTH = 8
export const SMALL = 16 // a latent's side
export const LATENT = DEPTH * SMALL * SMALL

type Answer = { values: Float32Array; milliseconds: number }

/** A picture's latents. */
export async function encoded(picture: Float32Array): Promise<Answer> {
  const { outputs, milliseconds } = await ask('avatars/encoder', { picture: { data: picture, dims: [1, 3, SIDE, SIDE] } })
  return { values: outputs.latents!.data as Float32Array, milliseconds }
}
/** The picture of latents. */
export async function decoded(latents: Float32Array): Promise<Answer> {
  const { outputs, milliseconds } = await ask('avatars/decoder', { latents: { data: latents, dims: [1, DEPTH, SMALL, SMALL] } })
  return { values: outputs.picture!.data as Float32Array, milliseconds }
}

/** Every moment of a walk from noise to the latents of an avatar; `timing` is filled in at its end. */
export async function* drawing(text: string, seed: number, timing: { milliseconds?: number }): AsyncGenerator<Timed> {
  const [{ program, shape, tokens }, tokenizer] = await Promise.all([aboutAvatars(), avatarsTokenizer()])
  const asked = { kind: 'prompts', graph: 'avatars/network', shape, texts: tokenizer.tokens([text.slice(0, LONGEST)], tokens) } as const
  yield* walk({ program, asked, seeds: [seed], size: LATENT }, timing)
}

/** The milliseconds of a call in pixels: the network of the emoji is asked about sixteen of them, which are as many pixels. */
export async function pixelCall(): Promise<number> {
  const many = (SIDE / TINY) ** 2
  const { tokens } = await aboutEmoji()
  const asked = {
    x: { data: new Float32Array(many * 3 * TINY * TINY), dims: [many, 3, TINY, TINY] },
    c_noise: { data: new Float32Array(many), dims: [many] },
    text: { data: new BigInt64Array(many * tokens), dims: [many, tokens] },
  }
  await ask('emoji/network', asked) // the first takes longer
  return (await ask('emoji/network', asked)).milliseconds
}

/** The peak signal-to-noise ratio of two pictures in dB. */
export function psnr(one: Float32Array, other: Float32Array): number {
  const held = (value: number) => Math.min(1, Math.max(-1, value))
  let total = 0
  for (let i = 0; i < one.length; i++) total += (held(one[i]!) - held(other[i]!)) ** 2
  return 10 * Math.log10(4 / Math.max(total / one.length, 1e-12))
}

/** The middle square of a picture in a file, 128×128; throws where the browser reads none. */
export async function pictureIn(file: Blob): Promise<Float32Array> {
  const bitmap = await createImageBitmap(file)
  const side = Math.min(bitmap.width, bitmap.height)
  const context = new OffscreenCanvas(SIDE, SIDE).getContext('2d')!
  context.fillStyle = '#ffffff' // behind what is transparent
  context.fillRect(0, 0, SIDE, SIDE)
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, SIDE, SIDE)
  const { data } = context.getImageData(0, 0, SIDE, SIDE)
  return Float32Array.from({ length: SIZE }, (_, i) => data[4 * (i % (SIDE * SIDE)) + Math.floor(i / (SIDE * SIDE))]! / 127.5 - 1)
}
