/** What the form asks for: kept in the browser, so that it is as it was left. What is null is the model's own. */
import { recall, remember } from '../src/remembered'
import type { Asked, ClipAsked, Model, Request } from './api'

export type Form = {
  model: string
  prompt: string
  classes: string[]
  count: number
  seeds: string
  negative: string
  sampler: string | null
  steps: number | null
  guidance: number | null
  grid: string | null
  eta: number | null
  frames: number | null
}

const EMPTY: Form = { model: '', prompt: '', classes: [], count: 8, seeds: '', negative: '', sampler: null, steps: null, guidance: null, grid: null, eta: null, frames: null }
const OWN = { sampler: null, steps: null, guidance: null, grid: null, eta: null, frames: null }
export const MAX_PICTURES = 64
export const MAX_FRAMES = 256
const PARTIAL = 12 // looks at each picture on its way

const fits = (value: unknown): value is Form =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(EMPTY).every(([name, usual]) => {
    const given = (value as Record<string, unknown>)[name]
    if (Array.isArray(usual)) return Array.isArray(given) && given.every((one) => typeof one === 'string')
    return usual === null ? given === null || ['string', 'number'].includes(typeof given) : typeof given === typeof usual
  })

export const form = $state<Form>({ ...EMPTY, ...recall<Form>('studio.form', fits, EMPTY) })
export const keep = () => remember('studio.form', $state.snapshot(form))
export const toOwn = () => Object.assign(form, OWN)
export const isOwn = () => Object.keys(OWN).every((name) => form[name as keyof typeof OWN] === null)

/** Take another model: what only the one before knows is left behind. */
export function choose(model: Model): void {
  if (form.model !== model.id) toOwn()
  form.model = model.id
  form.classes = form.classes.filter((name) => model.classes.includes(name))
}

/** How many pictures `seeds` names; undefined where it can't be read. */
export function named(seeds: string): number | undefined {
  let total = 0
  for (const part of seeds.split(',')) {
    const [, first, last] = /^\s*(\d{1,20})\s*(?:-\s*(\d{1,20})\s*)?$/.exec(part) ?? []
    if (first === undefined) return undefined
    total += Number(BigInt(last ?? first) - BigInt(first)) + 1
  }
  return total > 0 ? total : undefined
}

export const conditional = (model: Model) => model.takes_prompts || model.classes.length > 0

/** What is asked of a model of clips: one of them. */
function clip(model: Model, { class: named, seeds, n, grid, eta, partial_images, ...rest }: Asked, frames: number | null | undefined): ClipAsked {
  return { ...rest, model: model.id, frames: frames ?? model.frames!, ...(named?.[0] !== undefined && { class: named[0] }), ...(seeds && { seed: Number(/\d+/.exec(seeds)) }) }
}

/** What the form says, as the service takes it. */
export function asked(model: Model): Asked | ClipAsked {
  const { frames, ...still } = all(model)
  return model.frames === null ? still : clip(model, still, frames)
}
function all(model: Model): Asked & { frames?: number } {
  const { prompt, classes, seeds, negative, count } = form
  const says = {
    ...(model.takes_prompts && prompt.trim() && { prompt: prompt.trim() }),
    ...(model.classes.length && classes.length && { class: [...classes] }),
    ...(model.takes_prompts && negative.trim() && { negative: negative.trim() }),
  }
  const settings = Object.fromEntries(Object.keys(OWN).flatMap((name) => (form[name as keyof typeof OWN] === null ? [] : [[name, form[name as keyof typeof OWN]]])))
  if (!conditional(model) || (!says.prompt && !model.classes.length)) delete settings.guidance
  return { model: model.id, ...says, ...(seeds.trim() ? { seeds: seeds.trim() } : { n: count }), ...settings, partial_images: PARTIAL }
}

const names = (request: Request, classes: string[]) => (request.labels ?? []).flatMap((label) => (typeof label === 'number' ? (classes[label] ?? []) : (label ?? [])))

/** A request as the service takes it, with other seeds where `n` new ones are wanted. */
export function again(id: string, request: Request, model: Model | undefined, n?: number): Asked | ClipAsked {
  const still = stillAgain(id, request, model?.classes ?? [], n)
  return model && request.sampling.frames !== undefined ? clip(model, still, request.sampling.frames) : still
}
function stillAgain(id: string, request: Request, classes: string[], n?: number): Asked {
  const { sampler, steps, guidance, grid, eta } = request.sampling
  const labels = names(request, classes)
  return {
    model: id,
    ...(request.prompts?.[0] && { prompt: request.prompts[0] }),
    ...(labels.length && { class: labels }),
    ...(request.negative?.[0] && { negative: request.negative[0] }),
    ...(n === undefined ? { seeds: request.seeds } : { n }),
    ...{ sampler, steps, grid },
    ...(request.labels || request.prompts ? { guidance } : {}),
    ...(eta === undefined ? {} : { eta }),
    partial_images: PARTIAL,
  }
}

/** Set the form to a request; what the model does by itself stays its own. */
export function take(request: Request, model: Model): void {
  const { sampler, steps, guidance, grid, eta, frames } = request.sampling
  const labels = names(request, model.classes)
  const inTurn = labels.length > 1 && labels.every((label, i) => label === model.classes[i])
  Object.assign(form, {
    ...OWN,
    model: model.id,
    prompt: request.prompts?.[0] ?? '',
    classes: inTurn ? [] : [...new Set(labels)],
    negative: request.negative?.[0] ?? '',
    seeds: request.seeds,
    sampler: sampler === model.sampler ? null : sampler,
    steps: steps === model.steps ? null : steps,
    guidance: guidance === model.guidance || !conditional(model) ? null : guidance,
    grid: grid === model.grid ? null : grid,
    eta: eta ?? null,
    frames: model.frames === null || frames === undefined || frames === model.frames ? null : frames,
  })
}
