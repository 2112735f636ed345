/** The jobs of this client, the newest first: the service keeps them, so they are there after a reload, too. */
import { SvelteMap } from 'svelte/reactivity'
import * as api from './api'
import { named } from './form.svelte'
import { read } from './png'

export type Picture = { job: Job; url: string; blob: Blob; seed: string; about: Record<string, string> }

const AT_ONCE = 3 // followed: a browser holds six connections to a host, and a few are for other things
const LOOK = 2000 // milliseconds between two looks at the others

export class Job {
  readonly id: string
  readonly created: number
  readonly model: string
  readonly request: api.Request
  readonly count: number
  status = $state<api.Status>('waiting')
  progress = $state(0)
  before = $state<number | undefined>()
  error = $state<string | undefined>()
  pictures = $state.raw<Picture[]>([])
  previews = $state.raw<string[]>([])
  fetched: Promise<void> | undefined
  /** What was asked here, pictures included, which the service doesn't tell again. */
  asked: api.Asked | api.ClipAsked | undefined

  constructor(about: api.About) {
    this.id = about.id
    this.created = about.created
    this.model = about.model
    this.request = about.request!
    this.count = named(this.request.seeds) ?? 1
    this.previews = new Array<string>(this.count).fill('')
    this.update(about)
  }

  /** How many frames each has that is a clip. */
  get frames(): number | undefined {
    return this.request.sampling.frames
  }

  get ended(): boolean {
    return this.status !== 'waiting' && this.status !== 'running'
  }

  update(about: api.About): void {
    this.status = about.status
    this.progress = about.progress
    this.before = about.before_it
    this.error = about.error?.message
  }

  /** A picture on its way takes the place of the one before. */
  preview({ index, b64_json }: api.Partial): void {
    const before = this.previews[index]
    this.previews = this.previews.with(index, URL.createObjectURL(blobOf(b64_json)))
    if (before) URL.revokeObjectURL(before)
  }

  /** Let go of what the browser holds of it. */
  leave(): void {
    for (const url of [...this.pictures.map(({ url }) => url), ...this.previews]) if (url) URL.revokeObjectURL(url)
  }

  /** Its pictures, fetched once; where that fails, it can be tried again. */
  fetch(): Promise<void> {
    this.fetched ??= this.bring().catch((error: unknown) => {
      this.fetched = undefined
      throw error
    })
    return this.fetched
  }

  private async bring(): Promise<void> {
    const { data = [] } = await api.job(this.id)
    this.pictures = await Promise.all(
      data.map(async ({ b64_json }) => {
        const blob = blobOf(b64_json)
        const about = (await read(blob)) ?? {}
        return { job: this, url: URL.createObjectURL(blob), blob, seed: about.seed ?? '', about }
      }),
    )
    for (const url of this.previews) if (url) URL.revokeObjectURL(url)
    this.previews = []
  }
}
const blobOf = (base64: string) => new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type: 'image/png' })

const known = new SvelteMap<string, Job>()
const following = new Set<string>()
export const jobs = {
  /** The newest first. */
  get all(): Job[] {
    return [...known.values()].sort((a, b) => b.created - a.created || order(b) - order(a))
  },
  get active(): Job[] {
    return this.all.filter((job) => !job.ended)
  },
}
const places = new Map<string, number>()
const order = (job: Job) => places.get(job.id) ?? 0

function put(about: api.About): Job {
  const found = known.get(about.id)
  if (found) {
    found.update(about)
    return found
  }
  const made = new Job(about)
  places.set(made.id, places.size)
  known.set(made.id, made)
  return made
}

/** All that the service keeps; `told` hears what becomes of those that haven't ended. */
export async function load(told: (job: Job) => void): Promise<void> {
  const listed = (await api.jobs()).reverse() // the oldest first
  for (const about of listed) put(about)
  const ids = new Set(listed.map(({ id }) => id))
  for (const job of known.values()) if (!ids.has(job.id) && job.ended && !job.pictures.length) known.delete(job.id)
  follow(told)
}

export async function submit(asked: api.Asked | api.ClipAsked, told: (job: Job) => void): Promise<Job> {
  const job = put(await api.submit(asked))
  job.asked = asked
  follow(told)
  return job
}

export async function remove(job: Job): Promise<void> {
  await api.remove(job.id)
  known.delete(job.id)
  job.leave()
}

export async function cancel(job: Job): Promise<void> {
  job.update(await api.cancel(job.id))
}

/** Follow those that come first; the others are looked at now and then. */
function follow(told: (job: Job) => void): void {
  const active = jobs.active.reverse()
  for (const job of active.filter(({ id }) => !following.has(id)).slice(0, AT_ONCE - following.size)) void watch(job, told)
  if (active.length > following.size) looking ??= setTimeout(() => void look(told), LOOK)
}
let looking: ReturnType<typeof setTimeout> | undefined

async function look(told: (job: Job) => void): Promise<void> {
  looking = undefined
  await load(told).catch(() => follow(told))
}

async function watch(job: Job, told: (job: Job) => void): Promise<void> {
  following.add(job.id)
  try {
    for await (const news of api.events(job.id)) {
      if ('index' in news) job.preview(news)
      else job.update(news)
    }
    if (job.status === 'done') await job.fetch()
    if (job.ended) told(job)
  } catch (error) {
    if (error instanceof api.Refused && error.status === 404) known.delete(job.id)
    // else the service is gone or the line is cut: it is looked at again below
  } finally {
    following.delete(job.id)
    if (job.ended) follow(told)
    else looking ??= setTimeout(() => void look(told), LOOK)
  }
}
