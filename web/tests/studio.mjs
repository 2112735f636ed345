/**
 * The studio does what it says:  node tests/studio.mjs ADDRESS FLOW [TOKEN or FILE]
 * ADDRESS is that of a `sfumato studio digits`; prints what the caller needs to know, as JSON.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { open, visit } from './browser.mjs'

const [address, flow, given = ''] = process.argv.slice(2)
const PHONE = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const { origin } = new URL(address)
const browser = await open()
const { page, context, problems, leave } = await visit(browser, 'about:blank', { acceptDownloads: true })
page.setDefaultTimeout(240_000) // only what is broken takes so long: machines are slow where others work beside
const at = (name, within = page) => within.locator(`[data-control="${name}"]`)
const sheets = (status) => page.locator(status ? `article[data-status=${status}]` : 'article')
/** The page, with a history that is empty unless it is to be kept. */
const begin = async ({ kept = false, screen } = {}) => {
  if (!kept) await forget()
  if (screen) {
    await page.setViewportSize(screen.viewport)
    await page.emulateMedia({ colorScheme: screen.colorScheme })
  }
  await page.goto(address)
  await at('generate').waitFor()
}
const ask = async ({ classes = [], seeds, steps }) => {
  for (const name of classes) await page.getByRole('checkbox', { name, exact: true }).check()
  if (seeds !== undefined) await at('seeds').fill(seeds)
  if (steps !== undefined) {
    if (!(await at('steps-number').isVisible())) await page.locator('form summary').first().click()
    await at('steps-number').fill(String(steps))
    await at('steps-number').press('Tab')
  }
}
const forget = async () => {
  const { data } = await (await page.request.get(`${origin}/v1/jobs`)).json()
  for (const { id } of data) await page.request.delete(`${origin}/v1/jobs/${id}`)
}
/** The file of the first picture of the newest job. */
const newest = async () => {
  const { data } = await (await page.request.get(`${origin}/v1/jobs`)).json()
  return [...(await (await page.request.get(`${origin}/v1/jobs/${data[0].id}/pictures/0`)).body())]
}
/** The red values of a PNG. */
const pixels = (file) =>
  page.evaluate(async (file) => {
    const picture = await createImageBitmap(new Blob([new Uint8Array(file)]))
    const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d')
    context.drawImage(picture, 0, 0)
    return [...context.getImageData(0, 0, picture.width, picture.height).data].filter((_, i) => i % 4 === 0)
  }, file)
const drawn = (sheet) => sheet.locator('button.tile img')
const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const accessible = async (where) => {
  const found = await page.evaluate(`${axe}; axe.run(document, ${JSON.stringify({ runOnly: TAGS, resultTypes: ['violations'] })}).then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes.map(({ target }) => target.join(' '))))`)
  assert.deepEqual(found, [], where)
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where} is wider than its screen`)
}

const FLOWS = {
  /** Pictures come step by step, under the seeds that were asked for, and carry the request that the form shows. */
  async generate() {
    await begin()
    await ask({ classes: ['3', '8'], seeds: '5-8', steps: 100 })
    await page.evaluate(() => {
      window.previews = new Set()
      new MutationObserver(() => document.querySelectorAll('.haze img').forEach(({ src }) => window.previews.add(src))).observe(document.body, { subtree: true, childList: true, attributes: true })
    })
    await at('generate').click()
    await drawn(sheets('done')).nth(3).waitFor()
    assert.ok((await page.evaluate(() => window.previews.size)) >= 4, 'none was seen on its way')
    assert.deepEqual(await sheets().first().locator('.caption').allTextContents(), ['5', '6', '7', '8'])
    assert.match(await sheets().first().locator('header').innerText(), /^3, 8\s+digits · 4 pictures · .* · 100 steps/)
    await drawn(sheets('done')).nth(1).click()
    const download = page.waitForEvent('download')
    await at('download').click()
    await (await download).saveAs(given)
    assert.equal((await download).suggestedFilename(), 'digits-8-seed6.png')
    await page.keyboard.press('Escape')
  },
  /** The settings of a picture that is dropped on the page are the form's, and draw it again to the bit. */
  async dropped() {
    await begin()
    await ask({ classes: ['7'], seeds: '11', steps: 12 })
    await page.locator('form select[data-control=sampler]').selectOption('heun')
    await at('generate').click()
    await drawn(sheets('done')).first().waitFor()
    const [first, request] = [await newest(), await sheets().first().locator('header p').innerText()]
    await page.evaluate(() => localStorage.clear())
    await begin()
    const drop = (content, name) => page.evaluate(([content, name]) => {
      const data = new DataTransfer()
      data.items.add(new File([new Uint8Array(content)], name, { type: 'image/png' }))
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
    }, [content, name])
    await drop([137, 80], 'notes.png')
    await page.getByText('notes.png is no picture').waitFor()
    await drop(first, 'seven.png')
    await page.getByText('These are the settings of seven.png').waitFor()
    assert.equal(await at('seeds').inputValue(), '11')
    await page.keyboard.press('Control+Enter')
    await drawn(sheets('done')).first().waitFor()
    assert.equal(request.split(' · ').slice(0, -1).join(), (await sheets().first().locator('header p').innerText()).split(' · ').slice(0, -1).join())
    assert.deepEqual(await newest(), first)
  },
  /** Jobs wait in places, are cancelled, tried again and deleted; a reload loses none. */
  async queue() {
    await begin()
    await ask({ seeds: '0-63', steps: 1000 })
    await at('generate').click()
    await sheets('running').waitFor()
    await ask({ seeds: '1', steps: 1000 })
    await at('generate').click()
    await page.getByText('1 job before it').or(sheets('running').nth(1)).first().waitFor()
    await page.reload()
    await sheets().nth(1).waitFor()
    for (const which of [0, 1]) {
      await at('cancel').first().click()
      await sheets('cancelled').nth(which).waitFor() // until when its own button may still be the first
    }
    assert.equal(await sheets('cancelled').count(), 2)
    await ask({ steps: 2 })
    await at('retry').first().click()
    await sheets().nth(2).waitFor()
    await at('cancel').click()
    await sheets('cancelled').nth(2).waitFor()
    for (let left = 3; left; left--) {
      await at('remove').first().click()
      await at('remove').first().click() // it asks once more
      await page.waitForFunction((left) => document.querySelectorAll('article').length === left, left - 1)
    }
    await page.getByText('Nothing has been generated yet').waitFor()
    const { data } = await (await page.request.get(`${origin}/v1/jobs`)).json()
    assert.deepEqual(data, [])
  },
  /** The same seed by another setting, beside the one before, with a wipe; and more like it. */
  async compare() {
    await begin()
    await ask({ classes: ['3'], seeds: '4', steps: 2 })
    await at('generate').click()
    await drawn(sheets('done')).first().click()
    await page.keyboard.press('c')
    await page.getByText('the same seed is drawn with it').waitFor()
    await ask({ steps: 20 })
    await at('generate').click()
    await at('compared').waitFor()
    assert.deepEqual(await page.locator('.labels p').allTextContents(), ['steps 2', 'steps 20'])
    const edge = () => page.locator('.stage .edge').evaluate((one) => parseFloat(one.style.left))
    await at('wipe').focus()
    for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowRight')
    assert.equal(await edge(), 60)
    await accessible('compare')
    await page.keyboard.press('Escape')
    await drawn(sheets('done')).first().click()
    await at('viewer-vary').click()
    await drawn(sheets('done').first()).nth(7).waitFor()
  },
  /** A picture is painted over, extended and varied: what is kept of it is kept in every bit. */
  async edit() {
    await begin()
    await ask({ classes: ['0'], seeds: '3', steps: 20 })
    await at('generate').click()
    await drawn(sheets('done')).first().click()
    const before = await pixels(await newest())
    await page.keyboard.press('e')
    const become = async (tool, label, prepare) => {
      await page.getByRole('radio', { name: tool }).check()
      await prepare()
      await page.getByText(label).waitFor()
      await accessible(tool)
      const count = await sheets().count()
      await ask({ seeds: '9' })
      await at('generate').click()
      await page.waitForFunction((count) => document.querySelectorAll('article').length > count, count)
      await drawn(sheets().first()).first().waitFor()
      return pixels(await newest())
    }
    const painted = await become('Paint over', '2% is generated', async () => {
      await page.getByRole('radio', { name: 'Fine' }).check()
      await at('pad').focus()
      await page.keyboard.press('Space') // the pixel at 4, 4
    })
    const differ = painted.flatMap((value, i) => (value === before[i] ? [] : [i]))
    assert.ok(differ.every((i) => i === 36), `${differ}`)
    const moved = await become('Extend', '38% is generated', async () => {
      await at('clear').waitFor({ state: 'detached' })
      await page.getByRole('radio', { name: 'Paint over' }).check()
      await at('clear').click()
      await page.getByRole('radio', { name: 'Extend' }).check()
      const frame = await at('frame').boundingBox()
      await page.mouse.move(frame.x + 20, frame.y + 20)
      await page.mouse.down()
      await page.mouse.move(frame.x + 20 + (2 * frame.width) / 8, frame.y + 20)
      await page.mouse.up()
      await at('frame').focus()
      await page.keyboard.press('ArrowRight')
    })
    for (let i = 0; i < 64; i++) if (i % 8 >= 3) assert.equal(moved[i], before[i - 3])
    const varied = await become('A variation', 'How far from it', async () => at('strength-number').fill('0'))
    assert.ok(varied.some((value, i) => value !== before[i]), 'it is the moved one')
    await at('retry').or(at('vary')).first().click() // with the same picture, which the service doesn't tell
    await drawn(sheets('done')).nth(4).waitFor()
    assert.equal(await page.getByRole('alert').count(), 0)
  },
  /** A sheet is drawn on, by mouse and by keys, and followed as closely as was said; or a picture is. */
  async sketch() {
    const made = []
    let asked
    page.on('request', (request) => request.method() === 'POST' && /v1\/jobs$/.test(request.url()) && (asked = request.postDataJSON()))
    const generate = async () => {
      const count = await sheets().count()
      await at('generate').click()
      await page.waitForFunction((count) => document.querySelectorAll('article').length > count, count)
      await drawn(sheets().first()).first().waitFor()
      made.push({ asked, picture: Buffer.from(await newest()).toString('base64') })
    }
    await begin()
    await ask({ classes: ['dog'], seeds: '5', steps: 3 })
    for (const name of ['edges', 'sketch']) {
      await page.getByRole('radio', { name, exact: true }).check()
      await ask({ steps: 3 })
      if (name === 'sketch') await at('clear').click()
      await generate()
      await page.getByRole('radio', { name: 'Fine' }).check()
      await at('pad').scrollIntoViewIfNeeded()
      const box = await at('pad').boundingBox()
      const place = (x, y) => [box.x + ((x + 0.5) * box.width) / 8, box.y + ((y + 0.5) * box.height) / 8]
      await page.mouse.move(...place(2, 4))
      await page.mouse.down()
      await page.mouse.move(...place(5, 4), { steps: 4 })
      await page.mouse.up()
      await at('pad').focus()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Space') // one more, at 5, 5
      await accessible(name)
      await generate()
      await at('closely-number').fill('0.5')
      await at('closely-number').press('Tab')
      await generate()
      await at('closely-number').fill('1')
      await at('closely-number').press('Tab')
    }
    const count = await sheets().count()
    await at('vary').first().click() // with the same sketch, which the service doesn't tell
    await page.waitForFunction((count) => document.querySelectorAll('article').length > count, count)
    assert.deepEqual([asked.control === made.at(-1).asked.control, asked.control_ready, asked.control_strength], [true, true, 0.5])
    await at('follow-file').setInputFiles({ name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('no picture') })
    await page.getByText('notes.png is no picture').waitFor()
    await at('follow-file').setInputFiles({ name: 'dog.png', mimeType: 'image/png', buffer: Buffer.from(made[1].picture, 'base64') })
    await page.getByText('Its sketch is computed, and followed.').waitFor()
    assert.equal(await page.getByText('notes.png').count(), 0)
    await accessible('followed')
    await generate()
    await at('follow-none').click()
    await at('pad').waitFor()
    return { made }
  },
  /** Without a mouse: from the form to the pictures, among them, into one and out. */
  async keyboard() {
    await begin()
    await ask({ seeds: '0-2', steps: 2 })
    await page.keyboard.press('Control+Enter')
    await drawn(sheets('done')).nth(2).waitFor()
    await page.locator('button.tile').first().focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    const fact = (name) => page.locator(`dialog dl div:has(dt:text-is("${name}")) dd`).innerText()
    assert.equal(await fact('Seed'), '1')
    await page.keyboard.press('ArrowRight')
    assert.equal(await fact('Seed'), '2')
    await accessible('viewer')
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('/')
    assert.ok(await at('search').evaluate((one) => one === document.activeElement))
    const walked = []
    await page.evaluate(() => document.activeElement.blur())
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab')
      walked.push(await page.evaluate(() => document.activeElement.dataset.control ?? document.activeElement.value))
    }
    assert.ok(new Set(walked).size > 6, `Tab goes nowhere: ${walked}`)
  },
  /** With many pictures only those in sight are fetched; all can be reached, and found by what they show. */
  async history() {
    const fetched = []
    page.on('request', (request) => /v1\/jobs\/[^/]+$/.test(request.url()) && fetched.push(request.url()))
    await begin({ kept: true, screen: PHONE })
    const jobs = await sheets().count()
    await drawn(sheets('done').first()).first().waitFor()
    assert.ok(fetched.length < jobs / 3, `${fetched.length} of ${jobs} were fetched at once`)
    await sheets().last().scrollIntoViewIfNeeded()
    await drawn(sheets().last()).first().waitFor()
    await at('search').fill('heun 9')
    await page.waitForFunction(() => document.querySelectorAll('article').length === 1)
    await drawn(sheets().first()).first().waitFor()
    await accessible('history')
    return { jobs }
  },
  /** What it looks like empty, with pictures, opened and narrow: axe-core has nothing to say. */
  async accessible() {
    await begin()
    await accessible('empty')
    await ask({ seeds: '0-3', steps: 2 })
    await at('generate').click()
    await drawn(sheets('done')).nth(3).waitFor()
    for (const screen of [{ viewport: { width: 1280, height: 900 }, colorScheme: 'light' }, PHONE]) {
      await begin({ kept: true, screen })
      await page.locator('form summary').first().click()
      await drawn(sheets('done')).nth(3).waitFor()
      await accessible(screen.colorScheme)
    }
  },
  /** A run is started, followed, stopped and gone on with; its model generates, and is deleted with it. */
  async train() {
    await begin()
    const slowly = async (route) => setTimeout(() => void route.continue().catch(() => undefined), 2000) // a busy machine
    await page.route('**/v1/models', slowly) // longer than the page waits between two looks
    const run = (state) => page.locator(`[data-run=mine][data-state=${state}]`)
    await at('page-train').click()
    await at('run-name').fill('../mine')
    await at('start').click()
    assert.ok(!(await at('run-name').evaluate((one) => one.checkValidity())), 'a path is no name')
    await at('run-name').fill('mine')
    await at('minutes').fill('0.2')
    await at('start').click()
    await run('trains').waitFor()
    await accessible('train')
    await at('use-model', run('finished')).waitFor()
    await page.unroute('**/v1/models')
    await run('finished').locator('figcaption .loss').waitFor()
    await at('longer').click()
    await run('trains').getByText(/ [1-9]?\d% /).waitFor() // of a larger budget
    await at('stop').click()
    await at('resume', run('stopped')).waitFor()
    await at('page-models').click()
    await page.locator('[data-model=mine]').getByText('Trained on digits').waitFor()
    await accessible('models')
    await at('use-model', page.locator('[data-model=mine]')).click()
    await ask({ seeds: '1', steps: 2 })
    await at('generate').click()
    await drawn(sheets('done')).first().waitFor()
    assert.match(await sheets().first().locator('header p').innerText(), /^mine/)
    await at('page-train').click()
    await run('stopped').waitFor()
    await at('remove-run').click()
    await at('remove-run').click()
    await page.getByText('There are no runs yet.').waitFor()
    await at('page-models').click()
    await page.waitForFunction(() => document.querySelectorAll('[data-model]').length === 1)
    problems.splice(0, problems.length, ...problems.filter((one) => !/404/.test(one))) // a look at it while it was deleted
  },
  /** A clip is generated, plays, is stopped, and begins with the frame of another; its model's card has its scores. */
  async clips() {
    await begin()
    await page.getByText('clips of 4 frames').waitFor()
    await ask({ classes: ['dog'], seeds: '5', steps: 2 })
    await at('frames-number').fill('6')
    await at('frames-number').press('Tab')
    await at('generate').click()
    const tile = sheets('done').locator('button.tile').first()
    await tile.locator('canvas').waitFor()
    assert.match(await sheets().first().locator('header').innerText(), /^dog\s+moving · 1 clip · 6 frames · .* · 2 steps/)
    await accessible('clips')
    await tile.hover()
    await tile.locator('canvas:not([data-frame="0"])').waitFor() // it plays
    await tile.click()
    const shown = page.locator('dialog canvas')
    assert.deepEqual(await shown.evaluate(({ width, height }) => [width, height]), [8, 8])
    await page.locator('dialog canvas:not([data-frame="0"])').waitFor()
    await at('play').click()
    await at('frame-at').fill('4')
    assert.equal(await shown.getAttribute('data-frame'), '4')
    await accessible('clip')
    await page.waitForFunction(() => document.querySelector('dialog [data-control=download]').download.match(/moving-dog-seed5\.(mp4|webp)/))
    await page.keyboard.press('e')
    await page.getByText('The first frame of the clip.').waitFor()
    await accessible('first frame')
    await ask({ seeds: '6' })
    await at('generate').click()
    await page.waitForFunction(() => document.querySelectorAll('article[data-status=done]').length === 2)
    const frame = async (index) => {
      const { data } = await (await page.request.get(`${origin}/v1/jobs`)).json()
      const strip = await pixels([...(await (await page.request.get(`${origin}/v1/jobs/${data[index].id}/pictures/0`)).body())])
      return strip.filter((_, i) => i % 48 < 8)
    }
    assert.deepEqual(await frame(0), await frame(1))
    await at('page-models').click()
    await page.locator('[data-model=moving]').getByText('300 samples against noise, with 95% intervals. It was measured of earlier weights.').waitFor()
    await page.locator('[data-model=moving]').getByText('0.0123').waitFor()
    await accessible('scores')
  },
  /** The token is asked for, a wrong one is refused, and the right one lets in. */
  async token() {
    await page.goto(address)
    await at('token').fill('not the one of it')
    await at('token').press('Enter')
    await page.getByText('That isn’t it.').waitFor()
    await accessible('token')
    await at('token').fill(given)
    await at('token').press('Enter')
    await at('generate').waitFor()
    await page.reload()
    await at('generate').waitFor()
    problems.splice(0, problems.length, ...problems.filter((one) => !/401/.test(one)))
  },
  /** What the first view costs. */
  async first() {
    const network = await context.newCDPSession(page)
    await network.send('Network.enable')
    let sent = 0
    network.on('Network.loadingFinished', ({ encodedDataLength }) => (sent += encodedDataLength))
    await page.goto(address, { waitUntil: 'networkidle' })
    await at('generate').waitFor()
    return { sent }
  },
}

const told = (await FLOWS[flow]().catch(async (error) => {
  if (process.env.SEEN) await page.screenshot({ path: process.env.SEEN }) // what went wrong
  throw error
})) ?? {}
const wrong = problems.filter((one) => !/ERR_ABORTED/.test(one) && !/left the origin: blob/.test(one)) // of a stream that the page let go
assert.deepEqual(wrong.filter((one) => !/^left the origin/.test(one)), [])
await leave()
await browser.close()
console.log(JSON.stringify(told))
