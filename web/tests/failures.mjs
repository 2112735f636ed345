/**
 * The lesson where it can't begin, or can't go on:  node tests/failures.mjs ADDRESS FOLDER
 * without scripts, without its own script, opened as a file, and without a part (or a language) that is fetched when it is needed.
 */
import assert from 'node:assert/strict'
import { pathToFileURL } from 'node:url'
import { open } from './browser.mjs'

const [address, folder] = process.argv.slice(2)
const browser = await open({ webgl: false })
const told = {}

/** What is seen on a page: its main heading and the notices, where there are any. */
async function seen(page) {
  const lines = (selector) => page.locator(selector).evaluateAll((found) => found.filter((one) => one.checkVisibility()).map((one) => one.textContent))
  return { headings: await lines('h1, h2'), notices: await lines('aside.notice'), alerts: await lines('[role=alert]') }
}
async function on(name, options, prepare, look, where = address) {
  const context = await browser.newContext({ serviceWorkers: 'block', locale: 'en-US', ...options })
  const page = await context.newPage()
  await prepare?.(page)
  await page.goto(where)
  await look?.(page)
  told[name] = await seen(page)
  const overflows = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1)
  assert.ok(!overflows, `${name} is wider than its screen`)
  await context.close()
}
const phone = { viewport: { width: 360, height: 740 } }
const failed = (page) => page.locator('.when-failed').waitFor({ timeout: 20_000 })

await on('whole', {}, undefined, (page) => page.locator('.panel .controls').waitFor(), `${address}?c=idea`)
await on('no scripts', { javaScriptEnabled: false, ...phone })
await on('text', { javaScriptEnabled: false, ...phone }, undefined, (page) => page.locator('aside.notice a').nth(2).click())
await on('no script', phone, (page) => page.route('**/assets/index-*.js', (route) => route.abort()), failed)
await on('no script elsewhere', {}, (page) => page.route('**/assets/index-*.js', (route) => route.abort()), failed, `${address}?c=training`)
await on('thrown', {}, (page) => page.route('**/assets/index-*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: 'null.x' })), failed)
await on('file', phone, undefined, (page) => page.locator('.when-file').waitFor(), pathToFileURL(`${folder}/index.html`).href)
await on('no scene', {}, (page) => page.route('**/assets/Idea-*.js', (route) => route.abort()), (page) => page.locator('[role=alert]').first().waitFor(), `${address}?c=idea`)
await on('no opening', {}, (page) => page.route('**/assets/Opening-*.js', (route) => route.abort()), (page) => page.locator('.panel .controls').waitFor())
await on('no translation', phone, (page) => page.route('**/assets/german-*.js', (route) => route.abort()), (page) => page.locator('.panel .controls').waitFor(), `${address}?lang=de`)
await on('no page', {}, (page) => page.route('**/assets/QuizPage-*.js', (route) => route.abort()), (page) => page.locator('[role=alert]').waitFor(), `${address}?c=quiz`)

await browser.close()
console.log(JSON.stringify(told))
