/** Chromium with WebGL by software, and a page that remembers what went wrong on it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const CARRIED = fileURLToPath(new URL('../browser/chromium', import.meta.url)) // where none is installed: see ../browser
export const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', CARRIED].find(existsSync)

/**
 * A browser that draws the page itself without a graphics card: what WebGL by software is for is the scenes. Where walks
 * are `short` it optimises a network's code only once that has run ten times as much as usual: it takes longer than they do.
 * Pages of a site share a process, and so what is compiled. BROWSER says where one that does all this is shared.
 */
export async function open({ webgl = true, short = true } = {}) {
  if (webgl && short && process.env.BROWSER) return chromium.connect(process.env.BROWSER)
  return chromium.launch(options({ webgl, short }))
}
/** A browser to be shared, which tells where it is. */
export const share = () => chromium.launchServer(options({ webgl: true, short: true }))

function options({ webgl, short }) {
  const graphics = webgl ? ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-gpu-compositing'] : ['--disable-gpu', '--disable-3d-apis']
  const compiled = short ? ['--js-flags=--wasm-tiering-budget=130000000'] : []
  return { executablePath: CHROMIUM, args: ['--no-sandbox', '--process-per-site', ...graphics, ...compiled] }
}
const DRIVER = /GPU stall due to ReadPixels/ // that is how a scene reaches a page drawn without a graphics card

/** What is a page's own; all else of what `visit` is given is that of a context, which has many pages. */
const SCREEN = { viewport: { width: 1280, height: 900 }, reducedMotion: 'no-preference', colorScheme: 'light' }
const contexts = new WeakMap() // of each browser, by what they were asked to be

/** A context of `browser`, the same one for the same options: it keeps what it has fetched and compiled. */
async function contextFor(browser, options) {
  const known = contexts.get(browser) ?? contexts.set(browser, new Map()).get(browser)
  const key = JSON.stringify(options)
  if (!known.has(key)) {
    const made = await browser.newContext(options)
    made.setDefaultTimeout(240_000) // only what is broken takes so long: machines are slow where others work beside
    known.set(key, made)
  }
  return known.get(key)
}

/**
 * A page with `problems`: console errors, page errors, failed requests, and requests that leave the origin. Nothing is
 * kept from other visits. `first` runs in the page before its own scripts; `leave()` closes it. Unless `nobody` is there, the
 * mouse moves, so that nothing waits for somebody.
 */
export async function visit(browser, address, options = {}, first = undefined) {
  const { viewport, reducedMotion, colorScheme, nobody, ...rest } = { ...SCREEN, serviceWorkers: 'block', locale: 'en-US', ...options }
  const context = await contextFor(browser, rest)
  const page = await context.newPage()
  await page.setViewportSize(viewport)
  await page.emulateMedia({ reducedMotion, colorScheme })
  if (first) await page.addInitScript(first)
  const { origin } = new URL(address)
  if (origin !== 'null') await forget(page, origin)
  const problems = []
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !/^Service Worker registration blocked/.test(m.text()) && !DRIVER.test(m.text()) && problems.push(`${m.type()}: ${m.text()}`))
  page.on('pageerror', (e) => problems.push(`thrown: ${e.message}`))
  page.on('requestfailed', (r) => problems.push(`failed: ${r.url()} ${r.failure()?.errorText}`))
  page.on('request', (r) => !/^(blob|data):/.test(r.url()) && new URL(r.url()).origin !== origin && problems.push(`left the origin: ${r.url()}`))
  page.on('response', (r) => r.status() >= 400 && problems.push(`${r.status()}: ${r.url()}`))
  await page.goto(address)
  if (!nobody) await page.mouse.move(1, 1)
  return { page, context, problems, leave: () => page.close() }
}
async function forget(page, origin) {
  const session = await page.context().newCDPSession(page)
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'cookies,local_storage,indexeddb,cache_storage,service_workers' })
  await session.detach()
}
