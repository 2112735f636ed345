/** What the service answers (docs/serving.md): models, jobs and how they come on. */
import { words } from './words'

export type Model = {
  id: string
  size: string
  classes: string[]
  takes_prompts: boolean
  sampler: string
  steps: number
  guidance: number
  grid: string
  weights_sha256: string
  /** How few steps each sampler takes, and when to use it. */
  samplers: Record<string, { needs: number; use: string }>
  channels: number
  frames: number | null
  /** `computed`: from a picture that is sent, unless it is ready. */
  conditions: { name: string; kind: string; size: number; computed: boolean }[]
  /** The condition that a control branch takes, which can be followed more or less closely. */
  control_branch: string | null
  latent: boolean
  tuned_steps: number[]
}
/** What `sfumato eval` has measured of it: each score with its interval, and what real pictures score. */
export type Evaluation = { weights_sha256: string; reference: string; count: number; scores: { title: string; better: 'lower' | 'higher' | 'half'; value: number; low: number; high: number; floor: number | null }[] }

/** A request as pictures carry it (sfumato.hub.Request), in the fields that the service takes. */
export type Request = {
  seeds: string
  sampling: { sampler: string; steps: number; guidance: number; grid: string; eta?: number; frames?: number }
  labels?: (string | number | null)[]
  prompts?: string[]
  negative?: string[]
  edit?: unknown
  conditions?: Record<string, unknown>
}

/** What is asked of the service. */
export type Asked = {
  model: string
  prompt?: string
  class?: string[]
  n?: number
  seeds?: string
  negative?: string
  sampler?: string
  steps?: number
  guidance?: number
  grid?: string
  eta?: number
  partial_images?: number
  /** Pictures in base64. */
  image?: string
  mask?: string
  strength?: number
  feather?: number
  upscale?: boolean
  control?: string
  control_ready?: boolean
  control_strength?: number
}

/** A clip asked for. */
export type ClipAsked = { model: string; frames: number; prompt?: string; class?: string; seed?: number; negative?: string; sampler?: string; steps?: number; guidance?: number; input_reference?: string }

export type Status = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
export type About = {
  id: string
  created: number
  model: string
  status: Status
  progress: number
  before_it?: number
  error?: { message: string }
  request?: Request
  data?: { b64_json: string; seed: number }[]
}
/** A picture on its way: the network's estimate of where it will end. */
export type Partial = { index: number; b64_json: string }

/** Why the service did nothing; `status` is 0 where it can't be reached. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

let token = sessionStorage.getItem('sfumato.token') ?? ''
export function useToken(given: string): void {
  token = given.trim()
  sessionStorage.setItem('sfumato.token', token)
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

async function ask(path: string, body?: unknown, more: RequestInit = {}): Promise<Response> {
  const headers: Record<string, string> = { ...(token && { Authorization: `Bearer ${token}` }), ...(body !== undefined && { 'Content-Type': 'application/json' }) }
  const how = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  let answer: Response
  try {
    answer = await fetch(new URL(path, document.baseURI), { headers, cache: 'no-store', ...how, ...more })
  } catch (error) {
    if (more.signal?.aborted) throw error
    throw new Refused(0, words.unreachable)
  }
  if (answer.ok) return answer
  const { error } = (await answer.json().catch(() => ({}))) as { error?: { message: string } }
  throw new Refused(answer.status, sentence(error?.message ?? words.unexpected(answer.status)))
}

const json = async <T>(path: string, body?: unknown, more?: RequestInit): Promise<T> => (await ask(path, body, more)).json() as Promise<T>

export const models = async () => (await json<{ data: Model[] }>('v1/models')).data
export const jobs = async () => (await json<{ data: About[] }>('v1/jobs')).data
export const job = (id: string) => json<About>(`v1/jobs/${id}`)
/** Pictures are asked for as a job, and a clip as a video, which is one. */
export const submit = async (asked: Asked | ClipAsked) => ('frames' in asked ? job((await json<About>('v1/videos', asked)).id) : json<About>('v1/jobs', asked))
/** The file of a clip. */
export const film = async (id: string) => (await ask(`v1/videos/${id}/content`)).blob()
export const remove = (id: string) => json<unknown>(`v1/jobs/${id}`, undefined, { method: 'DELETE' })
export const cancel = (id: string) => json<About>(`v1/jobs/${id}/cancel`, {})

export type Run = { name: string; source: string; images: number; seconds: number; fraction: number; state: 'trains' | 'finished' | 'stopped' | 'failed'; mine: boolean; error?: string }
export type RunDetails = Run & { loss: [number, number][]; held_out: [number, number][]; verdict: string | null; evaluation: Evaluation | null; previews: string[] }
const runAt = (name: string) => `studio/runs/${encodeURIComponent(name)}`
export const runs = () => json<{ data: string[]; runs: Run[] }>('studio/runs')
export const run = (name: string) => json<RunDetails>(runAt(name))
export const train = (data: string, name: string, minutes: number) => json<unknown>('studio/runs', { data, name, minutes })
export const stopRun = (name: string) => json<unknown>(`${runAt(name)}/stop`, {})
export const resumeRun = (name: string, minutes?: number) => json<unknown>(`${runAt(name)}/resume`, minutes === undefined ? {} : { minutes })
export const removeRun = (name: string) => json<unknown>(runAt(name), undefined, { method: 'DELETE' })
export const preview = async (name: string, file: string) => (await ask(`${runAt(name)}/previews/${file}`)).blob()

/** How a job comes on, until it has ended, and its pictures on the way. By hand, since an EventSource sends no token. */
export async function* events(id: string): AsyncGenerator<About | Partial> {
  const { body } = await ask(`v1/jobs/${id}/events`)
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const parts = (text + value).split('\n\n')
    text = parts.pop()!
    for (const part of parts) {
      const data = part.split('\n').filter((line) => line.startsWith('data:'))
      if (data.length) yield JSON.parse(data.map((line) => line.slice(5)).join('\n')) as About | Partial
    }
  }
}
