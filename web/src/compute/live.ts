/** The program behind the pages, where there is one: see sfumato/lesson/live.py. A static site has none. */
export type OwnModel = {
  name: string
  shape: number[]
  parameters: number
  classes: string[]
  device: string
  sampler: string
  steps: number
  guidance: number
  samplers: Record<string, { needs: number; use: string }>
}
export type Service = { live: true; run: OwnModel | null; minutes: number }
/** A training at one moment: the error of the predicted noise at little, middling and much of it, and sixteen pictures. */
export type Moment = { images: number; seconds: number; loss: number | null; errors: number[]; samples: number[] }
export type Progress = {
  number: number
  state: 'none' | 'starting' | 'training' | 'finished' | 'stopped' | 'failed'
  images: number
  seconds: number
  fraction: number
  error: string | null
  next: number
  moments: Moment[]
}
export type Asked = { seeds: number[]; labels?: number[]; sampler?: string; steps?: number; guidance?: number }

const address = (path: string) => new URL(path, document.baseURI)

async function answered(answer: Response): Promise<Response> {
  if (answer.ok) return answer
  const { error } = (await answer.json().catch(() => ({}))) as { error?: string }
  throw new Error(error?.replace(/\.$/, '') ?? `${answer.status} ${answer.statusText}`)
}

const post = (path: string, told: unknown, signal?: AbortSignal) =>
  fetch(address(path), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(told), signal: signal ?? null }).then(answered)

/** What is behind the pages; undefined where there is nothing. */
export async function service(): Promise<Service | undefined> {
  try {
    const found = (await (await fetch(address('live.json'), { cache: 'no-store' })).json()) as Service | { live: false }
    return found.live ? found : undefined
  } catch {
    return undefined
  }
}

export const draw = (asked: Asked, signal: AbortSignal) => post('live/draw', asked, signal).then((answer) => answer.blob())
/** The model that ships, opened where the lesson was started without one. */
export const openShipped = (): Promise<OwnModel> =>
  post('live/open', {})
    .then((answer) => answer.json() as Promise<Service>)
    .then(({ run }) => run!)
export const startTraining = () => post('live/train', {})
export const stopTraining = () => post('live/stop', {})
/** How the training stands, with its moments from `since` on; the answer comes when there is one, or in a second. */
export const progress = (since: number, signal: AbortSignal) =>
  fetch(address(`live/progress?since=${since}`), { signal })
    .then(answered)
    .then((answer) => answer.json() as Promise<Progress>)
