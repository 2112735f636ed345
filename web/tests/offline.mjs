/**
 * The lesson without a network, and a newer build of it:  node tests/offline.mjs ADDRESS FOLDER
 * ADDRESS serves FOLDER, a copy of the built lesson that is changed here.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'vite'
import { open, visit } from './browser.mjs'

const [address, folder] = process.argv.slice(2)
const CHAPTERS = ['idea', 'forward', 'reverse', 'network', 'training', 'sampling', 'steering', 'numbers', 'gan', 'flow', 'evaluation', 'vae', 'pixels', 'video', 'latent', 'few']
const PAGES = ['lessons', 'quiz', 'glossary', 'notes', 'certificate']
const browser = await open()
const { page, context, problems } = await visit(browser, `${address}icon.svg`, { serviceWorkers: 'allow' })
const seen = []
page.on('requestfinished', (request) => seen.push(request))
await page.goto(address)
const version = () => /name="build" content="(\w+)"/.exec(readFileSync(`${folder}/index.html`, 'utf8'))[1]
const keptNow = () =>
  page.evaluate(async () => {
    const names = await caches.keys()
    const answers = await (await caches.open(names[0])).matchAll()
    const sizes = await Promise.all(answers.map(async (answer) => (await answer.blob()).size))
    return { names, files: sizes.length, bytes: sizes.reduce((a, b) => a + b, 0) }
  })

await page.locator('[data-control=opening-skip]').click() // who comes first is greeted
await page.locator('[data-control=keep]').waitFor()
const unasked = (await keptNow()).bytes
assert.ok(unasked < 1e6, `${unasked} bytes are kept before anyone asked for it`)
await page.locator('[data-control=keep]').click()
assert.equal(await page.evaluate(() => window.sfumato.offline), true, 'not everything was kept')
const sizes = await Promise.all(seen.splice(0).map((request) => request.sizes()))
const first = sizes.reduce((total, { responseBodySize, responseHeadersSize }) => total + responseBodySize + responseHeadersSize, 0)
assert.ok(first < 1e6, `the first view takes ${first} bytes`)
const kept = await keptNow()
assert.ok(kept.names.length === 1 && kept.names[0].endsWith(version()))

// A drawing opened by itself asks for a favicon.ico, which there is none of; a page's 404 would be told with its address.
assert.deepEqual(problems.splice(0).filter((one) => !one.endsWith('404 (Not Found)')), [])

await context.setOffline(true)
for (const c of [...CHAPTERS, ...PAGES]) {
  await page.goto(`${address}?c=${c}`)
  await page.locator('h1').waitFor()
  if (CHAPTERS.includes(c)) await page.locator('.panel .controls').first().waitFor()
  assert.ok(await page.evaluate(() => crossOriginIsolated), 'the headers were not kept')
}
assert.equal(await page.evaluate(() => fetch('nowhere').then(() => 'answered', () => 'no network')), 'no network')
const drawn = await page.evaluate(async () => {
  const { arrive, guided } = window.sfumato
  const { programs } = await guided()
  const { x, calls } = await arrive({ program: programs[1], asked: { kind: 'digits', labels: [3] }, seeds: [0], size: 64 })
  return { x: [...x], calls }
})
assert.ok(drawn.calls === 10 && drawn.x.length === 64 && drawn.x.every((value) => Math.abs(value) < 2))
const withoutNetwork = problems.splice(0).filter((one) => !/nowhere|ERR_INTERNET_DISCONNECTED|ERR_ABORTED/.test(one))
assert.deepEqual(withoutNetwork, [])
await context.setOffline(false)

const before = version()
const told = JSON.parse(readFileSync(`${folder}/computed/manifest.json`, 'utf8'))
writeFileSync(`${folder}/computed/manifest.json`, JSON.stringify({ ...told, newer: true }))
const vite = await createServer({ appType: 'custom', logLevel: 'error', server: { middlewareMode: true, hmr: false, ws: false }, optimizeDeps: { noDiscovery: true } })
const { offline } = await vite.ssrLoadModule('/offline/plugin.ts')
const plugin = offline()
plugin.configResolved({ root: folder, build: { outDir: '.' } })
await plugin.closeBundle()
await vite.close()
assert.notEqual(version(), before)
await page.goto(address)
const isNew = () => page.evaluate(() => fetch('computed/manifest.json').then((answer) => answer.json()).then(({ newer }) => newer))
assert.equal(await isNew(), true, 'the new page was given an old table')
assert.equal(await page.evaluate(() => window.sfumato.offline), true, 'not everything of the newer build was kept')
const renewed = await keptNow()
assert.ok(renewed.names.length === 1 && renewed.names[0].endsWith(version()) && renewed.files === kept.files)
await context.setOffline(true)
await page.reload()
await page.locator('h1').waitFor()
assert.equal(await isNew(), true)
await browser.close()
assert.deepEqual(problems.filter((one) => !one.includes('ERR_ABORTED')), []) // a page that is left leaves what it was fetching
console.log(JSON.stringify({ first, files: kept.files, bytes: kept.bytes }))
