/**
 * What pages do around their scenes:  node tests/pages.mjs ADDRESS
 * a printed chapter shows its scene, light, headings have links, chapters that are done are marked, a scene stands alone and in
 * pages of others, and a model is trained.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { open, visit } from './browser.mjs'

const [address] = process.argv.slice(2)
const browser = await open()
const all = []
const at = async (query, options, first) => {
  const it = await visit(browser, `${address}${query}`, { reducedMotion: 'reduce', ...options }, first)
  all.push(it)
  return it.page
}

// A scene on paper: as large as its words were placed for, and made of more than its background.
const dark = await at('?c=network', { colorScheme: 'dark' })
await dark.waitForFunction(() => document.querySelector('.means')?.textContent.startsWith('Error') && !window.sfumato.busy())
const onScreen = await dark.locator('.view').first().boundingBox()
await dark.evaluate(() => dispatchEvent(new Event('beforeprint')))
await dark.emulateMedia({ media: 'print' })
const paper = await dark.locator('canvas.paper').first().evaluate((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  return { width: canvas.clientWidth, colours: new Set(new Uint32Array(data.buffer)).size }
})
assert.ok(Math.abs(paper.width - onScreen.width) < 2, `drawn for ${paper.width} pixels, placed for ${onScreen.width}`)
assert.ok(paper.colours > 50, `${paper.colours} colours on paper`)
const middle = await dark.locator('.pictures canvas').nth(3).evaluate((canvas) => canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0])
assert.ok(middle > 200, 'a dark page prints its pictures dark')
assert.equal(await dark.locator('.switches').isVisible(), false)
await dark.emulateMedia({ media: 'screen' })
await dark.evaluate(() => dispatchEvent(new Event('afterprint')))
assert.equal(await dark.locator('canvas.paper').count(), 0)

// A heading's link leads to it, in a page of its own too, and to no other chapter.
const chapter = await at('?c=idea')
const link = chapter.locator('.theory h2 a').nth(1)
await link.focus()
await link.press('Enter')
const address2 = chapter.url()
assert.match(address2, /c=idea.*#idea-/)
const again = await at(address2.slice(address.length))
const heading = again.locator('.theory h2').nth(1)
await again.waitForFunction((id) => Math.abs(document.getElementById(id)?.getBoundingClientRect().top ?? 9999) < innerHeight / 2, address2.split('#')[1])
assert.equal(await heading.getAttribute('id'), decodeURIComponent(address2.split('#')[1]))
await again.locator('header nav a').nth(2).click()
await again.waitForFunction(() => !location.hash)

// A chapter is marked once all of its questions have an answer.
const marks = await at('?c=glossary')
const known = await marks.evaluate(async () => (await window.sfumato.questions()).map(({ id }) => id))
const memory = { due: 0, last: 0, stability: 1, difficulty: 5, days: 0, step: 0, times: 1, lapses: 0, state: 2 }
const told = (ids) => JSON.stringify({ version: 1, told: Object.fromEntries(ids.map((id) => [id, { right: true, at: 1, times: 1, memory }])) })
const idea = known.filter((id) => id.startsWith('idea.'))
assert.equal(await marks.locator('header .done').count(), 0)
await marks.evaluate((kept) => {
  localStorage.setItem('sfumato.quiz', kept)
  dispatchEvent(new StorageEvent('storage', { key: 'sfumato.quiz' }))
}, told(idea))
await marks.locator('header li:first-child .done').waitFor({ state: 'attached' })
assert.equal(await marks.locator('header .done').count(), 1)

// A scene alone has its window to itself, and what it gives for other pages shows it there; the lesson itself stays out of them.
const alone = await at('?c=flow&alone=1&flow.way=0.5')
await alone.locator('[data-scene]').waitFor()
assert.equal(await alone.locator('nav[aria-label=Chapters], .theory').count(), 0)
assert.equal(await alone.locator('[data-control=whole]').getAttribute('href'), '/?c=flow&flow.way=0.5')
await alone.locator('[data-control=embed]').click()
const code = await alone.locator('[data-control=code]').inputValue()
const others = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(`${code}<iframe src="${address}?c=flow"></iframe>`)).listen(0, '127.0.0.1')
await once(others, 'listening')
const elsewhere = await alone.context().newPage()
await elsewhere.goto(`http://127.0.0.1:${others.address().port}/`)
await elsewhere.frameLocator('iframe >> nth=0').locator('[data-scene]').waitFor()
assert.equal(await elsewhere.frameLocator('iframe >> nth=1').locator('h1').count(), 0, 'any page may frame the lesson')
await elsewhere.close()
others.close()

// Ten seconds of training end near the data, and the loss comes down.
const plane = await at('?c=training&training.view=plane&training.plane=rings')
await plane.locator('[data-control=plane-train]:enabled').click()
await plane.waitForFunction(() => document.querySelector('progress')?.value === 1)
const figures = await plane.locator('.side').evaluate((side) => ({ steps: Number(side.querySelector('[data-steps]').dataset.steps), away: Number(side.querySelector('[data-away]').dataset.away) }))
assert.ok(figures.steps >= 100 && figures.away < 0.5, JSON.stringify(figures))

await browser.close()
assert.deepEqual(all.flatMap(({ problems }) => problems), [])
console.log(JSON.stringify(figures))
