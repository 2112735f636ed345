/** What a request is called, and what a picture is. */
import type { Model, Request } from './api'
import type { Picture } from './jobs.svelte'
import { words } from './words'

export const FPS = 8 // frames a second, as the service plays clips
const LONGEST = 6 // classes named in a title

/** The prompt, or the classes. */
export function title(request: Request, model: Model | undefined): string {
  if (request.prompts?.length) return request.prompts.join(' · ')
  const labels = (request.labels ?? []).map(String)
  if (!labels.length) return words.wall.nothing
  if (labels.length > 1 && labels.every((label, i) => label === model?.classes[i])) return words.wall.inTurn
  const each = [...new Set(labels)]
  return each.length > LONGEST ? `${each.slice(0, LONGEST).join(', ')} …` : each.join(', ')
}

export function settingsLine({ sampling, labels, prompts }: Request): string {
  const { sampler, steps, guidance, frames } = sampling
  return [...(frames === undefined ? [] : [words.wall.frames(frames)]), sampler, words.wall.steps(steps), ...(labels || prompts ? [words.wall.guidance(short(guidance))] : [])].join(' · ')
}

export const short = (value: number) => String(Number(value.toPrecision(4)))

/** What one picture shows, by its own record. */
export const shows = ({ about, job }: Picture, model: Model | undefined) => about.prompt ?? about.class ?? title(job.request, model)

/** A name for its file, of letters that any system takes. */
export function fileName(picture: Picture, type = 'image/png'): string {
  const what = (picture.about.prompt ?? picture.about.class ?? '').normalize('NFC').replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 40)
  return [picture.job.model, what, `seed${picture.seed}`].map((part) => part.replace(/^-+|-+$/g, '')).filter(Boolean).join('-') + `.${type.split('/')[1]}`
}

/** The seeds that a text names, as texts, since they are larger than numbers here can be; at most `most`. */
export function seedList(text: string, most: number): string[] {
  const seeds: string[] = []
  for (const part of text.split(',')) {
    const [first, last = first] = part.split('-').map((one) => BigInt(one.trim()))
    for (let seed = first!; seed <= last! && seeds.length < most; seed++) seeds.push(String(seed))
  }
  return seeds
}
