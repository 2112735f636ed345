/**
 * The service worker: keeps the lesson in the browser, so that it opens without a network. Every file is known by its
 * digest, so that what is kept is of one build and never a mixture.
 */
declare const self: ServiceWorkerGlobalScope
/** Filled in when the lesson is built: path → SHA-256, and what the first page needs. */
declare const __BUILD__: { version: string; first: string[]; files: Record<string, string> }

const { version, first, files } = __BUILD__
const base = new URL('./', self.location.href)
const OURS = `sfumato ${base.pathname} `
const CACHE = OURS + version
const PATIENCE = 3000 // milliseconds for the network to bring the page, where one is kept
const AT_ONCE = 3

const within = (path: string) => new URL(path, base).href

async function digest(answer: Response): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', await answer.arrayBuffer()))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const kept = async (path: string) => (await caches.open(CACHE)).match(within(path), { ignoreVary: true })

/** Keep an answer if it is what this build holds at `path`; otherwise a newer build is out, which brings its own worker. */
async function keep(path: string, answer: Response): Promise<void> {
  if (!answer.ok || (await digest(answer.clone())) !== files[path]) throw new Error(`${path} is of another build`)
  await (await caches.open(CACHE)).put(within(path), answer)
}

const bring = async (path: string) => keep(path, await fetch(within(path), { cache: path.startsWith('assets/') ? 'default' : 'no-cache' }))

let bringing: Promise<boolean> | undefined
/** Keep all that isn't yet; whether it all is then. */
function bringAll(): Promise<boolean> {
  const waiting = Object.keys(files)
  async function some() {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) if (!(await kept(path))) await bring(path)
  }
  bringing ??= Promise.all(Array.from({ length: AT_ONCE }, some))
    .then(
      () => true,
      () => {
        waiting.length = 0
        return false
      },
    )
    .finally(() => (bringing = undefined))
  return bringing
}

/** The page as the network has it, so that a new build shows at once; as it is kept, where there is no network. */
async function page(request: Request): Promise<Response> {
  const mine = await kept('index.html')
  const late = new Promise<never>((_, reject) => mine && setTimeout(reject, PATIENCE))
  try {
    const answer = await Promise.race([fetch(base.href, { cache: 'no-cache' }), late])
    if (answer.redirected) return fetch(request)
    if (answer.status >= 500 && mine) return mine
    const build = /<meta name="build" content="(\w+)"/.exec(await answer.clone().text())?.[1]
    if (build !== undefined && build !== version) {
      await caches.delete(CACHE)
      self.registration.update().catch(() => undefined) // it will be found the next time
    }
    return answer
  } catch (error) {
    if (mine) return mine
    throw error
  }
}

async function file(path: string, event: FetchEvent): Promise<Response> {
  const mine = await kept(path).catch(() => undefined) // as while it is being thrown away
  if (mine) return mine
  const answer = await fetch(event.request)
  event.waitUntil(keep(path, answer.clone()).catch(() => undefined)) // of another build: shown, but not kept
  return answer
}

self.addEventListener('install', (event) => {
  event.waitUntil(Promise.all(first.map(bring)))
})

self.addEventListener('activate', (event) => {
  async function begin() {
    const old = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== CACHE)
    await Promise.all(old.map((name) => caches.delete(name)))
    await self.clients.claim()
  }
  event.waitUntil(begin())
})

self.addEventListener('message', (event) => {
  // By itself a newer worker would wait until every page of the older one is closed; at once, it would cut what is being
  // fetched: so the page says when.
  if (event.data === 'take over') event.waitUntil(self.skipWaiting())
  if (event.data === 'keep everything') event.waitUntil(bringAll().then((all) => event.ports[0]?.postMessage(all)))
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) return
  const path = decodeURI(url.pathname.slice(base.pathname.length)) || 'index.html'
  if (path === 'live.json') event.respondWith(fetch(request).catch(() => Response.json({ live: false })))
  else if (path === 'index.html') event.respondWith(request.mode === 'navigate' ? page(request) : file(path, event))
  else if (Object.hasOwn(files, path)) event.respondWith(file(path, event))
})

export {}
