/** Keeps all of the lesson in the browser, so that it opens without a network: see offline/service.ts. */
import { busy } from './compute/engine'
import { recall, remember } from './remembered'

const QUIET = 3000 // milliseconds after the page has loaded, in which the reader's own view comes first

const moment = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

async function idle(): Promise<void> {
  if (document.readyState !== 'complete') await new Promise((resolve) => addEventListener('load', resolve, { once: true }))
  do await moment(QUIET)
  while (busy())
}

/** Whether all is kept now. */
function keepEverything(worker: ServiceWorker): Promise<boolean> {
  const { port1, port2 } = new MessageChannel()
  worker.postMessage('keep everything', [port2])
  return new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data === true)))
}

const reaches = (worker: ServiceWorker, ...states: ServiceWorkerState[]) =>
  new Promise<void>((resolve) => {
    const look = () => states.includes(worker.state) && resolve()
    worker.addEventListener('statechange', look)
    look()
  })

/** The worker of the newest build, at work. */
async function newest(registered: ServiceWorkerRegistration): Promise<ServiceWorker | null> {
  await registered.update().catch(() => undefined) // without a network, the one that is there
  const coming = registered.installing ?? registered.waiting
  if (coming) {
    await reaches(coming, 'installed', 'activated', 'redundant')
    coming.postMessage('take over')
    await reaches(coming, 'activated', 'redundant')
  }
  return registered.active
}

type Connection = { type?: string; saveData?: boolean }
const isAnswer = (value: unknown): value is boolean => typeof value === 'boolean'

/** Whether nobody minds: the reader has agreed before, or the machine says that it is on a network where bytes cost nothing. */
function unasked(): boolean {
  const { type, saveData } = (navigator as { connection?: Connection }).connection ?? {}
  return recall('offline', isAnswer, false) || (!saveData && (type === 'wifi' || type === 'ethernet'))
}

const now = $state<{ stands: 'unknown' | 'asking' | 'keeping' | 'kept' | 'failed' }>({ stands: 'unknown' })
let agree = () => {}

/** How the keeping stands, and the reader's word that all of it is wanted. */
export const offline = {
  get stands() {
    return now.stands
  },
  /** Megabytes, packed. */
  get size() {
    return Number(document.querySelector<HTMLMetaElement>('meta[name=megabytes]')?.content)
  },
  keep() {
    remember('offline', true)
    agree()
  },
}

/** Keeps what was looked at, and all of it once the reader agrees; whether all is kept then. */
export async function keepOffline(): Promise<boolean> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return false
  await idle()
  try {
    const registered: ServiceWorkerRegistration | undefined = await navigator.serviceWorker.register(new URL('sw.js', document.baseURI))
    if (!registered) return false // where a browser is told to have none
    const worker = await newest(registered)
    if (!worker) return false
    for (let asks = !unasked(); ; asks = true) {
      if (asks) {
        if (now.stands !== 'failed') now.stands = 'asking'
        await new Promise<void>((resolve) => (agree = resolve))
      }
      now.stands = 'keeping'
      const all = await keepEverything(worker)
      now.stands = all ? 'kept' : 'failed'
      if (all) return true
    }
  } catch {
    return false // no room, or not allowed here: the lesson works as long as there is a network
  }
}

/** A page of an older build misses its files once a newer one is out: what is seen is in the address, so begin anew. */
addEventListener('vite:preloadError', async () => {
  const mine = document.querySelector<HTMLMetaElement>('meta[name=build]')?.content
  const text = await fetch(document.baseURI, { cache: 'no-cache' }).then((answer) => answer.text(), () => '')
  const now = /<meta name="build" content="(\w+)"/.exec(text)?.[1]
  if (now !== undefined && now !== mine) location.reload()
})
