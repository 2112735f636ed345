/** Chromium with WebGL by software, and a page that remembers what went wrong on it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const CARRIED = fileURLToPath(new URL('../browser/chromium', import.meta.url)) // where none is installed: see ../browser
export const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', CARRIED].find(existsSync)

/**
 * A browser that draws the page itself without a graphics card: what WebGL by software is for is the scenes. Where walks
 * are `short` it optimises a network's code only once that has run ten times as much as usual: it takes longer than they do.
 */
export async function open({ webgl = true, short = true, args = [] } = {}) {
  const graphics = webgl ? ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-gpu-compositing'] : ['--disable-gpu', '--disable-3d-apis']
  const compiled = short ? ['--js-flags=--wasm-tiering-budget=130000000'] : []
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', ...graphics, ...compiled, ...args] })
}
const DRIVER = /GPU stall due to ReadPixels/ // that is how a scene reaches a page drawn without a graphics card

/**
 * A page with `problems`: console errors, page errors, failed requests, and requests that leave the origin. `first` runs
 * in every page before its own scripts.
 */
export async function visit(browser, address, options = {}, first = undefined) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, serviceWorkers: 'block', ...options })
  if (first) await context.addInitScript(first)
  context.setDefaultTimeout(240_000) // only what is broken takes so long: machines are slow where others work beside
  const page = await context.newPage()
  const problems = []
  const origin = new URL(address).origin
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !/^Service Worker registration blocked/.test(m.text()) && !DRIVER.test(m.text()) && problems.push(`${m.type()}: ${m.text()}`))
  page.on('pageerror', (e) => problems.push(`thrown: ${e.message}`))
  page.on('requestfailed', (r) => problems.push(`failed: ${r.url()} ${r.failure()?.errorText}`))
  page.on('request', (r) => !/^(blob|data):/.test(r.url()) && new URL(r.url()).origin !== origin && problems.push(`left the origin: ${r.url()}`))
  page.on('response', (r) => r.status() >= 400 && problems.push(`${r.status()}: ${r.url()}`))
  await page.goto(address)
  return { page, context, problems }
}
