/**
 * The quiz in a browser, as a reader uses it:  node tests/quiz-pages.mjs ADDRESS [OUT]
 * Exits with 1 at the first thing that is not as it should be; pictures go to OUT where it is given.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, visit } from './browser.mjs'

const [address = 'http://localhost:8123/', out] = process.argv.slice(2)
if (out) mkdirSync(out, { recursive: true })
const browser = await open()
const options = { reducedMotion: 'reduce', acceptDownloads: true }
const picture = async (page, name) => out && (await page.screenshot({ path: join(out, `${name}.png`), fullPage: true }))
const control = (page, name) => page.locator(`[data-control="${name}"]`)
const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')
const kept = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('sfumato.quiz') ?? 'null'))

async function session(query, storage = {}) {
  const made = await visit(browser, `${address}live.json`, options) // no page that would read, or set aside, what is put there
  await made.page.evaluate((values) => Object.entries(values).forEach(([k, v]) => localStorage.setItem(k, v)), storage)
  await made.page.goto(`${address}?${query}`)
  return made
}
const done = async ({ leave, problems }) => {
  assert.deepEqual(problems.filter((one) => !/net::ERR_ABORTED/.test(one)), [])
  await leave()
}

// A round by keyboard alone: begin, choose with the arrows, answer with Enter, hear the verdict, go on, leave, come back.
{
  const it = await session('c=quiz')
  const { page } = it
  await control(page, 'begin-idea').focus()
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-question="idea.forward"]')
  assert.match(page.url(), /quiz\.q=idea\.forward/)
  assert.match(await focused(page), /Question 1 of 7/)
  assert.ok(await control(page, 'answer').isDisabled())
  await page.locator('input[type=radio]').first().focus()
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await page.waitForSelector('[data-phase=shown]')
  assert.match(await focused(page), /^(Right\.|Not quite\.)$/)
  assert.equal(await page.locator('.told .says').count(), 4, 'every option has its explanation')
  assert.match(await page.locator('[role=status]').first().textContent(), /comes back/)
  assert.deepEqual(Object.keys((await kept(page)).told), ['idea.forward'])
  await picture(page, 'answered')
  await control(page, 'next').press('Enter')
  await page.waitForSelector('[data-question="idea.contains"]')
  await page.goBack()
  await page.waitForSelector('[data-question="idea.forward"][data-phase=shown]')
  await page.goForward()
  await control(page, 'leave').click()
  await control(page, 'continue').waitFor()
  assert.match(await control(page, 'continue').textContent(), /2 of 7/)
  await page.reload()
  await control(page, 'continue').click()
  await page.waitForSelector('[data-question="idea.contains"]')
  await page.reload()
  await page.waitForSelector('[data-question="idea.contains"]')

  // Predict, then look: the explanation waits, the panel opens in the state that the question names.
  await control(page, 'next').click()
  await page.waitForSelector('[data-question="idea.paths"]')
  await page.locator('[data-question] label').nth(1).click()
  await control(page, 'answer').click()
  await page.waitForSelector('[data-phase=noted]')
  assert.equal(await page.locator('form .told').count(), 0)
  assert.equal(await page.locator('form [role=status]').textContent(), '', 'nothing gives the verdict away')
  await picture(page, 'noted')
  await page.locator('form [data-control=panel]').click()
  await page.waitForSelector('.panel [data-scene]')
  assert.match(page.url(), /idea\.paths=1/)
  assert.match(page.url(), /c=quiz/)
  assert.equal(await page.locator('form .told').count(), 0, 'the verdict waits until the reader has judged')
  await control(page, 'judged-wrong').click()
  assert.equal(await page.locator('form .told').count(), 4)
  assert.equal(await page.locator('.judged').count(), 1, 'option 2 is right, and was judged wrong')
  await page.waitForTimeout(out ? 4000 : 500)
  await picture(page, 'looked')
  await control(page, 'close-panel').click()

  // Put in order by keyboard and by mouse.
  for (const id of ['idea.half', 'idea.ball', 'idea.life']) {
    await control(page, 'next').click()
    await page.waitForSelector(`[data-question="${id}"]`)
  }
  const steps = () => page.locator('li[data-step]').evaluateAll((items) => items.map((item) => Number(item.dataset.step)))
  const before = await steps()
  await page.locator('li[data-step] button').nth(1).focus()
  await page.keyboard.press('Enter')
  assert.deepEqual(await steps(), [before[1], before[0], ...before.slice(2)])
  await page.keyboard.press('ArrowUp')
  assert.deepEqual(await steps(), before, 'the button moved with its step and kept the focus')
  const grip = async (place) => {
    const box = await page.locator('.grip').nth(place).boundingBox()
    return [box.x + box.width / 2, box.y + box.height / 2]
  }
  await page.mouse.move(...(await grip(0)))
  await page.mouse.down()
  await page.mouse.move(...(await grip(2)).map((v, k) => v + (k ? 12 : 0)), { steps: 12 })
  await page.mouse.up()
  assert.deepEqual((await steps()).slice(0, 3), [before[1], before[2], before[0]])
  for (let place = 0; place < 6; place++)
    for (let at = (await steps()).indexOf(place); at > place; at--) await page.locator(`li[data-step="${place}"] button`).first().click()
  await control(page, 'answer').click()
  assert.equal(await focused(page), 'Right.')
  await picture(page, 'ordered')

  // Find the bug, and the result.
  await control(page, 'next').click()
  await page.waitForSelector('[data-question="idea.seeds"]')
  await page.locator('label').nth(2).click()
  await control(page, 'answer').click()
  assert.equal(await focused(page), 'Not quite.')
  assert.match(await page.locator('.mended').textContent(), /range\(2000\)/)
  await picture(page, 'bug')
  await control(page, 'next').click()
  assert.match(await page.locator('h1').textContent(), /\d of 7 right/)
  await picture(page, 'result')
  await control(page, 'overview').click()
  await picture(page, 'overview')

  // Save, forget, take in.
  const [download] = await Promise.all([page.waitForEvent('download'), control(page, 'export').click()])
  const file = join(tmpdir(), 'sfumato-answers.json')
  await download.saveAs(file)
  const saved = await kept(page)
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')).told, saved.told)
  await control(page, 'reset').click()
  await picture(page, 'reset')
  assert.equal(await focused(page), 'Keep them')
  await page.keyboard.press('Escape')
  assert.deepEqual(await kept(page), saved)
  await control(page, 'reset').click()
  await control(page, 'reset-yes').click()
  assert.deepEqual((await kept(page)).told, {})
  await control(page, 'import').setInputFiles(file)
  await page.waitForFunction(() => Object.keys(JSON.parse(localStorage.getItem('sfumato.quiz')).told).length > 2)
  const nonsense = join(tmpdir(), 'sfumato-nonsense.json')
  writeFileSync(nonsense, '{"lesson":"sfumato","version":1,"told":{"idea.forward":{"right":"yes"}}}')
  await control(page, 'import').setInputFiles(nonsense)
  await page.getByText('could not be taken in').waitFor()
  assert.deepEqual((await kept(page)).told, saved.told)
  await done(it)
}

// What was missed is due after ten minutes.
{
  const it = await session('c=quiz&quiz.q=idea.seeds')
  const { page } = it
  await page.locator('label').first().click()
  await control(page, 'answer').click()
  await page.evaluate(() => {
    const all = JSON.parse(localStorage.getItem('sfumato.quiz'))
    all.told['idea.seeds'].memory.due -= 700_000
    localStorage.setItem('sfumato.quiz', JSON.stringify(all))
  })
  await page.goto(`${address}?c=quiz`)
  await control(page, 'review').click()
  await page.waitForSelector('[data-question="idea.seeds"][data-phase=asking]')
  assert.match(await page.locator('.head').textContent(), /idea/i)
  await done(it)
}

// Damaged storage is set aside with a notice; full or refused storage is said so.
for (const damaged of ['{', '[]', '{"version":1,"told":{"idea.forward":null}}', '"' + 'x'.repeat(5000)]) {
  const it = await session('c=quiz', { 'sfumato.quiz': damaged, 'sfumato.round': '{"of":3}', 'sfumato.name': '[' })
  await it.page.locator('[role=alert]').waitFor()
  assert.match(await it.page.locator('[role=alert]').textContent(), /set aside/)
  assert.equal(await it.page.evaluate(() => localStorage.getItem('sfumato.quiz.damaged')), damaged)
  await control(it.page, 'open').click()
  await it.page.waitForSelector('[data-question="idea.forward"]')
  await done(it)
}
{
  const it = await visit(browser, `${address}?c=glossary`, options)
  await it.page.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
  })
  await it.page.goto(`${address}?c=quiz&quiz.q=idea.ball`)
  await it.page.locator('label').first().click()
  await control(it.page, 'answer').click()
  await control(it.page, 'leave').click()
  assert.match(await it.page.locator('[role=alert]').textContent(), /keeps nothing/)
  await done(it)
}

// While presenting, nothing is shown before the button, and nothing is recorded.
{
  const it = await session('c=quiz&quiz.q=idea.ball&present')
  const { page } = it
  await page.locator('label').first().click()
  await page.locator('.hands').nth(1).fill('12')
  assert.equal(await page.locator('.says').count(), 0)
  await picture(page, 'present')
  await control(page, 'reveal').click()
  assert.equal(await page.locator('.says').count(), 4)
  assert.match(await page.locator('.told').nth(1).textContent(), /12/)
  await picture(page, 'revealed')
  assert.equal(await kept(page), null)
  await done(it)
}

// In a chapter: the same questions under the theory; looking sets the panel up and there is a way back.
{
  const it = await session('c=idea')
  const { page } = it
  const card = page.locator('[data-question="idea.half"]')
  await card.locator('label').first().click()
  await card.locator('[data-control=answer]').click()
  await card.locator('[data-control=panel]').click()
  await page.waitForFunction(() => location.search.includes('idea.t=0.5'))
  assert.equal(await card.locator('.told').count(), 0)
  await page.waitForTimeout(out ? 3000 : 300)
  await picture(page, 'chapter')
  await control(page, 'back-to-question').click()
  assert.match(await focused(page), /Now look/)
  await card.locator('[data-control=judged-right]').click()
  assert.match(await focused(page), /Right|Not quite/)
  assert.deepEqual(Object.keys((await kept(page)).told), ['idea.half'])
  await done(it)
}

// The certificate: what is missing, then the real thing with a name.
{
  const it = await session('c=certificate')
  const { page } = it
  await page.getByText('not yet', { exact: false }).first().waitFor()
  assert.equal(await page.locator('main li').count(), 9)
  await picture(page, 'certificate-missing')
  await done(it)
}
{
  const it = await session('c=quiz')
  const { page } = it
  await control(page, 'open').click()
  const [seen, coded] = [new Set(), new Set()]
  while (await page.locator('form').count()) {
    const id = await page.locator('form').getAttribute('data-question')
    assert.ok(!seen.has(id), id)
    seen.add(id)
    if (await page.locator('form .lines').count()) coded.add(id)
    if (await control(page, 'guess').count()) await control(page, 'guess').fill('1')
    else if (await control(page, 'draw').count()) await page.locator('[data-control=draw] [role=slider]').first().press('ArrowUp')
    else if (await page.locator('label').count()) await page.locator('label').first().click()
    await control(page, 'answer').click()
    await control(page, 'next').click()
    await page.waitForFunction((before) => document.querySelector('form')?.dataset.question !== before, id)
  }
  await page.locator('h1').waitFor()
  const all = await kept(page)
  assert.equal(Object.keys(all.told).length, seen.size)
  for (const one of Object.values(all.told)) one.right = true // as if all had been known
  await page.evaluate((value) => localStorage.setItem('sfumato.quiz', value), JSON.stringify(all))
  await page.goto(`${address}?c=certificate`)
  await control(page, 'name').fill('Ada Lovelace')
  await page.waitForTimeout(1500)
  await picture(page, 'certificate')
  await page.reload()
  await page.getByText('Ada Lovelace').waitFor()
  const certified = [...seen].filter((id) => !/^(numbers|gan|flow|evaluation|vae|pixels|video|latent|few)\./.test(id) && !coded.has(id)).length // it is for the lesson on diffusion, without its code
  assert.match(await page.locator('.sheet').textContent(), new RegExp(`${certified} of ${certified}.*100%`))
  if (out) {
    await page.emulateMedia({ media: 'print' })
    await picture(page, 'certificate-print')
    await page.pdf({ path: join(out, 'certificate.pdf'), preferCSSPageSize: true })
    await page.goto(`${address}?c=notes`)
    await page.waitForTimeout(2500)
    await page.pdf({ path: join(out, 'notes.pdf'), preferCSSPageSize: true })
  }
  await done(it)
}
await browser.close()
console.log('the quiz does as it should')
