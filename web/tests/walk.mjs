/**
 * The lesson as a reader uses it:  node tests/walk.mjs ADDRESS PART …
 * A part is a chapter (every control of every view is operated by keyboard and has to change what it should; then the
 * address has to restore what is seen) or one of the laws at the end. Exits with 1 and says all that is amiss.
 */
import assert from 'node:assert/strict'
import { open, visit } from './browser.mjs'

/**
 * Every control of every view: the field of the address that it sets ('' for none) and, after a space, what of the
 * panel it changes where that is not the scene. `seen` is that for a whole view, `restored` what the address brings back.
 */
const PICTURES = '.pictures'
const PLOT = 'svg:has([data-control])'
const HANDLES = Object.fromEntries([0, 1, 2, 3, 4, 5].map((i) => [`handle-${i}`, 'forward.own']))
const LANES = Object.fromEntries(
  ['first', 'second', 'third'].flatMap((lane, i) => [
    [`lane-${i + 1}-steps`, `sampling.${lane}-steps`],
    [`lane-${i + 1}-sampler`, `sampling.${lane}`],
  ]),
)
const PARTS = Object.fromEntries(
  'time class middle skip-1-0 skip-0-0 attention-down-1-0 attention-middle attention-up-1-0'.split(' ').map((name) => [`part-${name}`, 'network.off']),
)
const NETWORK = { time: 'network.t', digit: 'network.digit', another: 'network.digit', noise: 'network.seed', tell: 'network.tell', read: `network.read ${PICTURES}` }
const SCENE = { 'turn-left': '', 'turn-right': '', closer: '', further: '' }
const CHAPTERS = ['idea', 'forward', 'reverse', 'network', 'training', 'sampling', 'steering', 'world'] // of the lesson on diffusion
const PLANE = ['numbers', 'forward', 'sampling', 'flow', 'vae', 'pixels', 'few', 'latent'] // chapters whose scenes are flat
const WHILE_BUSY = ['stop', 'go', 'wall-stop']
const VIEWS = {
  idea: [
    { time: 'idea.t', paths: 'idea.paths', shape: 'idea.shape', dissolve: 'idea.t', back: 'idea.way', again: 'idea.seed' },
    { at: 'idea.shape=own', pad: '', clear: ' [data-control=pad]', word: 'idea.word', time: 'idea.t', paths: 'idea.paths', back: 'idea.way', again: 'idea.seed', dissolve: 'idea.way', shape: 'idea.shape' },
  ],
  forward: [
    { time: 'forward.t', plot: `forward.plot ${PLOT}`, schedule: 'forward.schedule', ...HANDLES, divide: 'forward.divide', picture: 'forward.picture', fresh: 'forward.seed', measured: ' .controls:has(> .measured)', show: 'forward.show' },
    { at: 'forward.show=ways', time: 'forward.t', picture: 'forward.picture', fresh: 'forward.seed', show: 'forward.show' },
    { at: 'forward.show=other', time: 'forward.t', other: 'forward.other', picture: 'forward.picture', fresh: 'forward.seed', show: 'forward.show' },
  ],
  reverse: [
    { time: 'reverse.t', 'fresh-noise': 'reverse.seed', arrows: 'reverse.arrows', steps: 'reverse.steps', walk: 'reverse.walk' },
    { at: 'reverse.walk=less', fresh: 'reverse.fresh', time: 'reverse.t', 'fresh-noise': 'reverse.seed', arrows: 'reverse.arrows', steps: 'reverse.steps', walk: 'reverse.walk', show: 'reverse.show' },
    { at: 'reverse.show=guess', time: 'reverse.t', place: 'reverse.x', arrows: 'reverse.arrows', show: 'reverse.show .controls' },
    { at: 'reverse.show=pictures', seen: '.guesses', picture: 'reverse.picture', 'picture-fresh': 'reverse.noise', both: 'reverse.both .drawn', show: 'reverse.show .controls', restored: '.land' },
  ],
  network: [
    { ...NETWORK, ...PARTS, restore: 'network.off', view: 'network.view .controls' },
    { at: 'network.view=block', ...NETWORK, block: 'network.block', 'next-block': 'network.block', view: 'network.view .controls' },
    { at: 'network.view=attention', ...NETWORK, head: 'network.head [data-control=place]', place: 'network.place [data-control=place]', attention: 'network.attention', view: 'network.view' },
  ],
  training: [
    { at: 'training.show=error', moment: 'training.moment', set: 'training.set', view: 'training.view' },
    { seen: '.view', moment: 'training.moment', show: 'training.show .controls' },
    { at: 'training.view=step', level: 'training.t', exercise: 'training.digit', throw: 'training.seed', digit: 'training.digit', batch: 'training.batch', view: 'training.view', restored: '.pictures' },
    { at: 'training.view=plane', seen: '.plane', 'plane-train': '', 'plane-time': 'training.plane-t', plane: 'training.plane', view: 'training.view .controls' },
    { at: 'training.view=beside', seen: '.walls', rivals: 'training.rivals', 'rival-seed': 'training.rival-seed', 'rival-seed-fresh': 'training.rival-seed', measured: ' .controls', view: 'training.view .controls' },
  ],
  sampling: [
    { at: 'sampling.first=ddim&sampling.first-steps=3&sampling.second-steps=3&sampling.third-steps=3', ...LANES, asked: 'sampling.at', wish: 'sampling.wish', show: 'sampling.show', seed: 'sampling.seed', 'seed-fresh': 'sampling.seed', measured: ' .controls:has(> .measured)', restored: '' },
    { at: 'sampling.first=none&sampling.second=none', 'lane-1-sampler': 'sampling.first', view: 'sampling.view .views ~ *' },
    { at: 'sampling.view=wall&sampling.steps=2', seen: 'figure', 'wall-sampler': 'sampling.by', 'wall-steps': 'sampling.steps', 'wall-many': 'sampling.wall-many', 'wall-seed': 'sampling.wall-seed', 'wall-seed-fresh': 'sampling.wall-seed', wish: 'sampling.drawn', view: 'sampling.view' },
    { at: 'sampling.view=few', seen: '.sheet', 'few-sampler': 'sampling.few-by', 'few-seed': 'sampling.few-seed', 'few-seed-fresh': 'sampling.few-seed', wish: 'sampling.drawn', view: 'sampling.view' },
    { at: 'sampling.view=grids', 'grid-steps': 'sampling.grid-steps', view: 'sampling.view .views ~ *' },
    { at: 'sampling.view=calls', 'calls-race': '', 'calls-seed': 'sampling.calls-seed', 'calls-seed-fresh': 'sampling.calls-seed', view: 'sampling.view .views ~ *' },
    { at: 'sampling.view=drift', 'drift-at': 'sampling.drift-at', 'drift-seed': 'sampling.drift-seed', 'drift-seed-fresh': 'sampling.drift-seed', 'drift-data': 'sampling.drift-data', view: 'sampling.view .views ~ *' },
  ],
  steering: [
    { dial: 'steering.w', wish: 'steering.wish', seed: 'steering.seed', 'seed-fresh': 'steering.seed', two: 'steering.two', other: 'steering.other', measured: ' .controls:has(> .measured)', view: 'steering.view' },
    { at: 'steering.view=words', seen: '.sheet', say: 'steering.say', 'say-example': 'steering.say', 'words-dial': 'steering.words-w', 'words-seed': 'steering.words-seed', 'words-seed-fresh': 'steering.words-seed', view: 'steering.view .views ~ *' },
    { at: 'steering.view=brush', seen: '.sheet', pad: 'steering.mask', undo: 'steering.mask', into: 'steering.into', 'into-example': 'steering.into', tool: 'steering.wipes .tools', 'brush-size': 'steering.brush .tools', clear: 'steering.mask', base: 'steering.say', 'base-example': 'steering.say', 'words-dial': 'steering.words-w', 'words-seed': 'steering.words-seed', 'words-seed-fresh': 'steering.words-seed', view: 'steering.view .views ~ *' },
    { at: 'steering.view=latent', seen: '.three', 'latent-noise': 'steering.latent-noise', drawing: 'steering.drawing', colour: 'steering.colour .tools', sketch: ' .tools', 'as-it-was': '', space: 'steering.space .views ~ *' },
    { at: 'steering.view=latent&steering.space=draw', seen: '.sheet', draw: 'steering.draw', plant: 'steering.plant', 'plant-example': 'steering.plant', 'plant-seed': 'steering.plant-seed', 'plant-seed-fresh': 'steering.plant-seed', pixels: ' table', view: 'steering.view .views ~ *' },
    { at: 'steering.view=latent&steering.space=scale', side: 'steering.side', factor: 'steering.factor', channels: 'steering.channels', view: 'steering.view' },
  ],
  world: [
    { seen: '.reasons', measured: '', view: 'world.view .views ~ *', restored: '' },
    { at: 'world.view=systems', seen: 'dl', system: 'world.system', view: 'world.view .views ~ *' },
  ],
  numbers: [
    { mix: 'numbers.mix', another: 'numbers.index', dice: 'numbers.seed' },
  ],
  flow: [
    { way: 'flow.way', seed: 'flow.seed', round: 'flow.round' },
    { at: 'flow.round=flow', steps: 'flow.steps', round: 'flow.round' },
  ],
  vae: [
    { x: 'vae.x', y: 'vae.y', seed: 'vae.seed', digit: 'vae.digit', beta: 'vae.beta' },
  ],
  pixels: [
    { at: 'pixels.step=64', step: 'pixels.step', seed: 'pixels.seed', level: 'pixels.level', place: 'pixels.place', together: 'pixels.together', order: 'pixels.order', what: 'pixels.what' },
  ],
  evaluation: [
    { blur: 'evaluation.blur', without: 'evaluation.without', copies: 'evaluation.copies', undo: 'evaluation.blur', count: 'evaluation.count', seed: 'evaluation.seed' },
  ],
  video: [
    { frame: 'video.frame .both-axes', guess: 'video.guess .both-axes', linked: 'video.linked', seed: 'video.seed', way: 'video.way', how: 'video.how' },
    { at: 'video.how=moves&video.moves=rru', pad: 'video.first', clear: 'video.first', seed: 'video.seed', 'move-u': 'video.moves', 'move-l': 'video.moves', 'move-s': 'video.moves', 'move-r': 'video.moves', 'move-d': 'video.moves', unmove: 'video.moves', frame: 'video.frame', way: 'video.way', guess: 'video.guess', linked: 'video.linked .controls', how: 'video.how' },
  ],
  latent: [
    { drawing: 'latent.drawing', sketch: '', colour: 'latent.colour .tools', 'as-it-was': '', view: 'latent.view', restored: '' },
    { at: 'latent.view=paint&latent.cells=AAAAAAAAAAAAAA8AAPAwDA8', push: 'latent.push', sheet: 'latent.sheet', pad: 'latent.cells', clear: 'latent.cells', view: 'latent.view' },
    { at: 'latent.view=race', race: 'latent.race', 'race-seed': 'latent.race-seed', 'race-seed-fresh': 'latent.race-seed', view: 'latent.view' },
  ],
  few: [
    { way: 'few.way', steps: 'few.steps', seed: 'few.seed', who: 'few.who' },
    { at: 'few.who=student', steps: 'few.steps', who: 'few.who' },
    { at: 'few.who=drift', repel: 'few.repel', way: 'few.way', who: 'few.who' },
  ],
  gan: [
    { at: 'gan.step=50', step: 'gan.step', seed: 'gan.seed', blur: 'gan.blur', rates: 'gan.rates' },
  ],
}

const [address, ...parts] = process.argv.slice(2)
const STILL = { viewport: { width: 480, height: 900 }, reducedMotion: 'reduce' }
const WAIT = 240_000 // only what is broken takes so long: machines are slow where others work beside
const browser = await open()
const amiss = []

const control = (page, name) => page.locator(`main [data-control="${name}"]`)
const kept = (page, name) => page.evaluate((name) => localStorage.getItem(`sfumato.${name}`), name)
const fields = (page) => Object.fromEntries(new URL(page.url()).searchParams)

async function until(what, seen, passes, page) {
  for (const end = Date.now() + WAIT; ; ) {
    const found = await seen()
    if (passes(found)) return found
    if (Date.now() > end) throw new Error(what)
    await page.waitForTimeout(40)
  }
}
/** What the chapter's scene says of itself, and the pixels and words of `seen`. */
const look = (page, seen) => page.evaluate((seen) => window.looked(seen), seen)
function looked(seen) {
  const place = document.querySelector(`.panel ${seen}`)
  const spoken = document.querySelector('.panel [data-scene] > p.hidden')?.textContent ?? ''
  const untimed = (text) => text.replaceAll(/[\d.]+ m?s\b/g, '… s') // how long it took is never the same
  const pixels = [...(place?.querySelectorAll('canvas') ?? []), ...(place?.matches('canvas') ? [place] : [])].map((canvas) => {
    if (canvas.looked && canvas.looked.frames === canvas.frames) return canvas.looked.hash // no frame since
    const small = new OffscreenCanvas(Math.min(canvas.width, 320), Math.min(canvas.height, 240))
    const context = small.getContext('2d', { willReadFrequently: true })
    context.drawImage(canvas, 0, 0, small.width, small.height)
    let hash = 7
    for (const v of new Uint32Array(context.getImageData(0, 0, small.width, small.height).data.buffer)) hash = (Math.imul(hash, 31) + v) | 0
    if (canvas.frames) canvas.looked = { frames: canvas.frames, hash }
    return hash
  })
  const copy = place?.cloneNode(true)
  for (const word of copy?.querySelectorAll('.placed-words span') ?? []) if (word.textContent !== untimed(word.textContent)) word.removeAttribute('style') // wider, it stands elsewhere
  return { spoken: untimed(spoken), shown: pixels.join() + untimed(copy?.innerHTML ?? '').replaceAll(/\b(id|for|name|aria-describedby)="[^"]*"/g, '') }
}
const same = (a, b) => a.spoken === b.spoken && a.shown === b.shown
/** The look once nothing is being computed and two looks a while apart are the same; what computes is not looked at. */
async function settled(page, seen, rest = 130) {
  let [before, since] = [undefined, Date.now()]
  const idle = () => page.evaluate((seen) => !window.sfumato.busy() && window.looked(seen), seen)
  return until('it never comes to rest', idle, (now) => {
    if (!now || !before || !same(now, before)) [since, before] = [Date.now(), now || undefined]
    return before && Date.now() - since > rest
  }, page)
}
/** A page on which nothing moves by itself, whose scene can be read back. */
async function visitStill(query, options = {}) {
  const it = await visit(browser, `${address}?${query}`, { ...STILL, ...options }, PREPARED)
  await it.page.waitForFunction(() => 'sfumato' in window)
  return it
}
function readable() {
  const { getContext } = HTMLCanvasElement.prototype
  HTMLCanvasElement.prototype.getContext = function (kind, options) {
    if (!kind.startsWith('webgl')) return getContext.call(this, kind, options)
    const context = getContext.call(this, kind, { ...options, preserveDrawingBuffer: true, antialias: false })
    if (context && !this.frames) {
      const { clear } = context
      this.frames = 1
      context.clear = (mask) => clear.call(context, mask, this.frames++) // each frame begins so
    }
    return context
  }
}
const PREPARED = `window.looked = ${looked}; (${readable})()` // in every page, before its own scripts
async function done({ leave, problems }, where, left = false) {
  const broken = problems.filter((problem) => !left || !problem.endsWith('ERR_ABORTED')) // by the page's being left
  amiss.push(...broken.map((problem) => `${where}: ${problem}`))
  await leave()
}

/** Put the focus where the control takes keys, and say which key changes its value. */
async function grasp(page, name) {
  const it = control(page, name).first()
  const kind = await it.evaluate((e) => e.type ?? e.tagName.toLowerCase())
  const radio = it.locator('input:checked')
  const target = kind === 'fieldset' && (await radio.count()) ? radio : kind === 'fieldset' ? it.locator('input').first() : it
  await target.focus({ timeout: 5000 })
  const atEnd = () => it.evaluate((e) => (e.options ? e.selectedIndex === e.options.length - 1 : Number(e.value) >= Number(e.max)))
  const keys = {
    fieldset: async () => ((await radio.count()) ? 'ArrowRight' : 'Space'),
    range: async () => ((await atEnd()) ? 'PageDown' : 'PageUp'),
    'select-one': async () => ((await atEnd()) ? 'ArrowUp' : 'ArrowDown'),
    checkbox: () => 'Space', number: () => 'ArrowUp', submit: () => 'Enter', button: () => 'Enter', text: () => 'o', g: () => 'ArrowUp', summary: () => 'Enter',
  }
  if (kind !== 'canvas') return async () => {
    await target.focus({ timeout: 5000 })
    await page.keyboard.press(await keys[kind]()) // by the value at rest: a throw of dice may have led to the end
  }
  await it.scrollIntoViewIfNeeded()
  await it.evaluate((e) => e.closest('.stays') ?? e.scrollIntoView({ block: 'end', behavior: 'instant' })) // below what stays in view
  const box = await it.boundingBox()
  return async () => {
    await page.mouse.move(box.x + 30, box.y + 30)
    await page.mouse.down()
    await page.mouse.move(box.x + 90, box.y + 60, { steps: 12 })
    await page.mouse.move(box.x + 40, box.y + 0.8 * box.height, { steps: 12 }) // beyond what is painted already
    await page.mouse.up()
  }
}
async function operate(page, name, does, usual) {
  const [field, seen = usual] = does.split(/ (.*)/)
  await control(page, name).first().waitFor({ timeout: WAIT })
  await until('it is not to be used', () => control(page, name).first().isEnabled(), Boolean, page)
  const act = await grasp(page, name)
  const [before, old] = [await settled(page, seen), fields(page)[field]]
  await act()
  await until(`${seen} does not change`, () => look(page, seen), (now) => !same(now, before), page)
  if (field) await until(`${field} is not in the address`, () => fields(page)[field], (now) => now !== old, page)
}
async function chapter(id) {
  const known = new Set([...Object.keys(SCENE), ...WHILE_BUSY, ...VIEWS[id].flatMap(Object.keys)])
  for (const { at = '', seen = '[data-scene]', restored = seen, ...controls } of VIEWS[id]) {
    const it = await visitStill(`c=${id}&${at}`)
    const { page } = it
    const where = `${id} ${at}`
    const attempt = async (name, what) => Promise.resolve(what()).catch((e) => amiss.push(`${where}: ${name}: ${e.message.split('\n')[0]}`))
    const scene = Object.entries(seen === '[data-scene]' && !PLANE.includes(id) ? SCENE : {}) // the camera is nobody's but the reader's
    const all = Object.entries(controls)
    const [last] = all.splice(-1)
    for (const [name, does] of [...all, ['link', ''], ...scene, last]) {
      if (name === 'link') await attempt('the address', () => restored && restores(page, restored, where))
      else await attempt(name, () => operate(page, name, does, seen))
      const found = await page.locator('.panel [data-control], .panel [name]:not([data-control] [name])').evaluateAll((all) => all.map((e) => e.dataset.control ?? e.name))
      amiss.push(...found.filter((one) => !known.has(one)).map((one) => `${where}: the control ${one} is not in the table of this test`))
      found.forEach((one) => known.add(one))
    }
    await done(it, where)
  }
}
/** The page's address brings back in a fresh browser what is seen now. */
async function restores(page, seen, where) {
  const there = await settled(page, seen, 500)
  const it = await visitStill(page.url().split('?')[1])
  let here
  await until('', async () => (here = await look(it.page, seen)), (now) => same(now, there), it.page).catch(() => undefined) // told below
  assert.equal(here.spoken, there.spoken, `${page.url()} says “${here.spoken}” instead of “${there.spoken}”`)
  assert.ok(same(here, there), `${page.url()} shows another ${seen}`)
  await until(`${page.url()} becomes another address`, () => it.page.url(), (url) => url === page.url(), page)
  await done(it, where)
}

/** What plays by itself plays when asked, shows many moments on its way, and rests when asked. */
const PLAYS = [['idea', '', 'dissolve'], ['forward', '', 'play'], ['reverse', '', 'walk-down'], ['network', 'network.view=block', 'walk'], ['training', '', 'play'], ['sampling', 'sampling.first-steps=10', 'race'], ['gan', '', 'play'], ['flow', '', 'play'], ['pixels', '', 'play'], ['video', '', 'play'], ['video', '', 'run'], ['few', '', 'play']]
async function motion() {
  for (const [id, at, name] of PLAYS) {
    const it = await visitStill(`c=${id}&${at}`, { reducedMotion: 'no-preference' })
    const { page } = it
    await until(`${id}: ${name} is not to be used`, () => control(page, name).isEnabled(), Boolean, page)
    await settled(page, '[data-scene]')
    await control(page, name).press('Enter')
    const moments = new Set()
    await until(`${id}: nothing plays`, async () => moments.add((await look(page, '[data-scene]')).shown).size, (many) => many > 3, page)
    if (id !== 'idea') await control(page, name).press('Enter')
    if (id !== 'idea') await settled(page, '[data-scene]')
    await done(it, `${id} in motion`)
  }
  const it = await visitStill('c=sampling&sampling.first-steps=1000')
  await control(it.page, 'stop').press('Enter')
  await control(it.page, 'go').press('Enter')
  await control(it.page, 'stop').waitFor()
  await done(it, 'a race that is stopped')
  const race = await visitStill('c=sampling&sampling.first-steps=10&sampling.second-steps=5')
  await until('the race does not show its end', () => race.page.locator('.lane', { hasText: '✓' }).count(), (many) => many === 3, race.page)
  await done(race, 'a race to its end')
}

/** Tab goes through everything that can be used, in the order of the page, and shows where it is. */
async function keyboard() {
  const MANY = 16
  for (const id of [...Object.keys(VIEWS), 'lessons', 'quiz', 'glossary', 'notes', 'certificate']) {
    const it = await visitStill(`c=${id}&${VIEWS[id]?.[0].at ?? ''}`, { viewport: { width: 1280, height: 900 } })
    const { page } = it
    await ready(page, id)
    if (id === 'glossary') await page.locator('main a', { hasText: 'GANs' }).first().waitFor() // links to lessons come with them
    let [expected, since] = [[], Date.now()]
    await until('the page grows and grows', () => page.evaluate(tabbable), (now) => {
      if (now.join() !== expected.join()) [expected, since] = [now, Date.now()]
      return Date.now() - since > 250
    }, page)
    await page.evaluate(`window.reached = []; addEventListener('focusin', () => window.reached.push((${focused})()))`)
    for (let left = expected.length; left > 0; left -= MANY) await Promise.all(Array.from({ length: Math.min(MANY, left) }, () => page.keyboard.press('Tab'))) // so that not each waits for a frame
    const reached = await page.evaluate(() => window.reached)
    const names = reached.map(({ name }) => name)
    if (names.join('\n') !== expected.join('\n')) amiss.push(`${id}: Tab goes otherwise than the page: ${names.filter((name, i) => name !== expected[i]).slice(0, 4)} instead of ${expected.filter((name, i) => name !== names[i]).slice(0, 4)}`)
    amiss.push(...reached.filter(({ shows }) => !shows).map(({ name }) => `${id}: the focus does not show on ${name}`))
    await done(it, `${id} by keyboard`)
  }
  const it = await visitStill('c=reverse')
  const { page } = it
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'the skip link')
  await page.locator('[data-scene] canvas[tabindex]').focus()
  for (const key of ['ArrowLeft', 'ArrowUp', 'ArrowDown', 'ArrowRight', '+', '-']) {
    const before = await settled(page, '[data-scene]')
    await page.keyboard.press(key)
    await until(`${key} does not move the scene`, () => look(page, '[data-scene]'), (now) => !same(now, before), page)
  }
  await done(it, 'the scene by keyboard')
}
const ready = async (page, id) => {
  await page.waitForSelector(id in VIEWS ? '.questions form' : 'main h1')
  if (id in VIEWS) await page.waitForFunction(() => document.querySelector('nav.ways') && !document.querySelector('.panel .waiting')) // it is drawn in parts
  await (id in VIEWS ? settled(page, '[data-scene]') : page.waitForFunction(() => !window.sfumato.busy()))
}
/** What Tab should reach, in the page's order: of the radio buttons of a group, one. */
function tabbable() {
  window.named = (e) => `${e.tagName} ${e.dataset.control ?? e.closest('fieldset[data-control]')?.dataset.control ?? ''} ${(e.getAttribute('aria-label') ?? e.textContent).trim().slice(0, 30)} ${e.type === 'radio' ? e.name : ''}`
  const all = [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')].filter((e) => !e.disabled && !e.closest('fieldset:disabled') && e.checkVisibility({ visibilityProperty: true }) && e.tabIndex >= 0)
  return all.filter((e) => e.type !== 'radio' || e.checked || (!document.querySelector(`input[name="${e.name}"]:checked`) && e === document.querySelector(`input[name="${e.name}"]`))).map(window.named)
}
function focused() {
  const e = document.activeElement
  const drawn = (one) => one && getComputedStyle(one).outlineStyle !== 'none' && parseFloat(getComputedStyle(one).outlineWidth) >= 2
  const handle = e.querySelector('.handle')
  const unclipped = parseFloat(getComputedStyle(e).opacity) > 0 // an outline on what is not seen is not seen
  return { name: window.named(e), shows: (drawn(e) && unclipped) || drawn(e.closest('label, .file')) || (handle && getComputedStyle(handle).strokeWidth === '4px') }
}

/** A term is explained on hover, on a tap and on a key; Escape closes it, and so does going on. */
async function terms() {
  for (const hasTouch of [false, true]) {
    const it = await visitStill('c=forward', { hasTouch, isMobile: hasTouch })
    const { page } = it
    const [term, tip] = [page.locator('.term button').first(), page.locator('[role=tooltip]')]
    await ready(page, 'forward')
    const told = async () => {
      await tip.waitFor()
      assert.equal(await term.getAttribute('aria-describedby'), await tip.getAttribute('id'))
      assert.ok((await tip.textContent()).length > 40)
    }
    const opened = hasTouch ? [() => term.tap()] : [() => term.hover(), () => term.press('Enter'), () => term.press('Space')]
    for (const open of opened) {
      await term.scrollIntoViewIfNeeded()
      await page.evaluate(() => new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))) // scrolling closes a tip
      await open()
      await told()
      await page.keyboard.press('Escape')
      await tip.waitFor({ state: 'detached' })
      await page.mouse.move(2, 2)
      await term.evaluate((e) => e.blur())
    }
    await done(it, `terms${hasTouch ? ' by touch' : ''}`)
  }
}

/** Without WebGL every chapter draws its scene flat and says so, and its controls still change it. */
async function flat() {
  const plain = await open({ webgl: false })
  for (const [id, [{ at, seen, restored, ...controls }]] of Object.entries(VIEWS)) {
    if (seen === '.reasons') continue // a chapter of words
    const it = await visit(plain, `${address}?c=${id}&${at ?? ''}`, STILL, PREPARED)
    const { page } = it
    if (!PLANE.includes(id)) await page.getByText('shows no 3D').waitFor()
    await until('nothing is drawn', () => page.locator('[data-scene] canvas').first().evaluate((canvas) => {
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')
      copy.drawImage(canvas, 0, 0)
      return new Set(new Uint32Array(copy.getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size
    }), (colours) => colours > 5, page).catch((e) => amiss.push(`${id} flat: ${e.message}`))
    await operate(page, Object.keys(controls)[0], Object.values(controls)[0], '[data-scene]').catch((e) => amiss.push(`${id} flat: ${e.message}`))
    await done(it, `${id} without WebGL`)
  }
  await plain.close()
}

/** What waits for somebody shows beforehand what it shows then, and a key that comes first is not lost. */
async function waits() {
  const early = `${PREPARED}; window.requestIdleCallback = () => 0` // it does not wake by itself
  const small = (page, which) => page.locator(`[data-scene] canvas${which}`).evaluate((canvas) => {
    const context = Object.assign(new OffscreenCanvas(48, 36)).getContext('2d', { willReadFrequently: true })
    context.fillStyle = getComputedStyle(canvas.parentElement).backgroundColor
    context.fillRect(0, 0, 48, 36)
    context.drawImage(canvas, 0, 0, 48, 36)
    return [...context.getImageData(0, 0, 48, 36).data]
  })
  for (const id of ['gan', 'evaluation', 'video']) {
    const it = await visit(browser, `${address}?c=${id}`, { ...STILL, nobody: true }, early)
    const { page } = it
    const before = page.locator('[data-scene] canvas.before')
    await page.waitForFunction(() => 'sfumato' in window && document.querySelector('canvas.before') && !window.sfumato.busy())
    const drawn = await until(`${id}: nothing is drawn`, () => small(page, '.before'), (pixels) => new Set(pixels).size > 20, page)
    assert.equal(await page.locator('.questions').count(), 0, `${id}: questions wait as well`)
    await page.locator('[data-scene] canvas[tabindex]').focus()
    await before.waitFor({ state: 'detached' })
    const shown = (await settled(page, '[data-scene]'), await small(page, '[tabindex]'))
    const apart = drawn.reduce((sum, v, i) => sum + Math.abs(v - shown[i]), 0) / drawn.length
    assert.ok(apart < 4, `${id}: what is drawn beforehand is another picture: ${apart.toFixed(1)} of 255 apart`)
    await done(it, `${id} waits`)
  }
  const it = await visit(browser, `${address}?c=gan`, { ...STILL, nobody: true }, early)
  const { page } = it
  const control = page.locator('[data-control=turn-left]')
  await page.waitForFunction(() => document.querySelector('canvas.before') && !window.sfumato.busy())
  await control.evaluate((button) => button.click()) // before the stage is there
  await page.keyboard.press('Shift')
  await page.locator('[data-scene] canvas.before').waitFor({ state: 'detached' })
  const turned = (await settled(page, '[data-scene]'), await small(page, '[tabindex]'))
  await control.evaluate((button) => button.nextElementSibling.click()) // and back
  await settled(page, '[data-scene]')
  assert.ok((await small(page, '[tabindex]')).some((v, i) => Math.abs(v - turned[i]) > 20), 'the first turn is lost')
  await done(it, 'a turn before the stage')
}

/** What the browser keeps may be nonsense or refused: every page works all the same, and what can't be read is replaced. */
async function storage() {
  const ways = {
    nonsense: () => {
      if (!sessionStorage.begun) for (const name of ['settings', 'quiz', 'round', 'name', 'live']) localStorage.setItem(`sfumato.${name}`, ['{"theme":7', '[null]', '\u0000', '"☃"'][name.length % 4])
      sessionStorage.begun = '1'
    },
    refused: () => Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('no', 'SecurityError') } }),
  }
  for (const [how, first] of Object.entries(ways)) {
    const it = await visit(browser, `${address}?c=quiz&quiz.q=idea.ball`, STILL, first)
    const { page } = it
    await page.locator('form label').first().click()
    await control(page, 'answer').click()
    await page.locator('[data-phase=shown]').waitFor()
    await control(page, 'leave').click()
    await page.locator('[role=alert]').waitFor() // set aside, or kept nowhere
    await page.locator('header [data-control=settings]').click()
    await page.getByLabel('Dark', { exact: true }).check({ force: true })
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark')
    if (how === 'nonsense') for (const name of ['settings', 'quiz']) assert.ok(JSON.parse(await kept(page, name)))
    for (const id of [...Object.keys(VIEWS), 'certificate']) {
      await page.goto(`${address}?c=${id}`)
      await page.locator(id in VIEWS ? '.panel [data-control]' : 'h1').first().waitFor()
    }
    await done(it, `storage: ${how}`, true)
  }
}

/** Each setting does what it says, at once and after a reload; presenting is a link's to ask for. */
async function settings() {
  const it = await visitStill('c=idea&idea.t=0.25', { reducedMotion: 'no-preference', colorScheme: 'light' })
  const { page } = it
  const root = (name) => page.evaluate((name) => document.documentElement.getAttribute(name), name)
  const choose = (name, value) => page.locator(`#settings [data-control="${name}"]`).locator(value === undefined ? 'xpath=self::*' : `[value=${value}]`).press('Space')
  const before = await settled(page, '[data-scene]')
  await page.locator('header [data-control=settings]').click()
  await choose('theme', 'dark')
  assert.equal(await root('data-theme'), 'dark')
  const dark = await until('the scene stays light', () => look(page, '[data-scene]'), (now) => now.shown !== before.shown, page)
  await choose('direction', 'noise')
  await until('time counts as before', () => look(page, '[data-scene]'), (now) => now.spoken.includes('0.75') && dark.spoken.includes('0.25'), page)
  assert.equal(await control(page, 'time').inputValue(), '0.75')
  await choose('still')
  assert.equal(await root('data-still'), '')
  for (const [name, shown] of [['all-equations', 'math'], ['all-code', '.theory pre']]) {
    assert.equal(await page.locator(shown).count(), 0)
    await choose(name)
    await page.locator(shown).first().waitFor()
  }
  await page.keyboard.press('Escape')
  assert.equal(await page.evaluate(() => document.activeElement.dataset.control), 'settings')
  await page.reload()
  assert.equal(await root('data-theme'), 'dark')
  assert.equal(await root('data-still'), '')
  assert.equal(await control(page, 'time').inputValue(), '0.75')
  await page.locator('math').first().waitFor()
  await page.goto(`${page.url()}&present`)
  assert.equal(await root('data-present'), '')
  assert.ok(!(await page.locator('header nav').first().isVisible()))
  const [scene, { height }] = [await page.locator('[data-scene]').boundingBox(), page.viewportSize()]
  assert.ok(scene.height > 0.7 * height, 'the scene fills the screen')
  await page.locator('button.end').click()
  assert.equal(await root('data-present'), null)
  await until('the address still presents', () => fields(page).present, (now) => now === undefined, page)
  for (const [scheme, theme] of [['dark', 'dark'], ['light', 'light']]) {
    await page.evaluate(() => localStorage.clear())
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await page.reload()
    assert.equal(await root('data-theme'), theme)
    assert.equal(await root('data-still'), '')
  }
  await done(it, 'settings', true)
}

/** A question of every kind answered right and wrong: every option is explained; what was missed is due again later. */
async function quiz() {
  const it = await visit(browser, `${address}?c=notes`, { ...STILL, timezoneId: 'UTC' }) // a clock of its own
  const { page } = it
  await page.clock.install({ time: new Date('2026-03-01T10:00:00') })
  for (const id of ['idea.forward', 'idea.paths', 'forward.schedule', 'training.heart', 'idea.life', 'idea.seeds']) {
    const verdicts = new Set()
    for (let option = 0; verdicts.size < 2 && option < 5; option++) {
      await page.evaluate(() => localStorage.clear())
      await page.goto(`${address}?c=quiz&quiz.q=${id}`)
      const steps = page.locator('li[data-step]')
      await page.locator('form').waitFor()
      if (await control(page, 'guess').count()) await control(page, 'guess').fill(String(14 * option))
      else if (await control(page, 'draw').count()) {
        const dots = page.locator('[data-control=draw] [role=slider]')
        for (let i = 0; i < (await dots.count()); i++)
          for (let rise = 0; rise < (option ? Math.abs(i - 2) : i); rise++) await dots.nth(i).press('ArrowUp') // a valley, or a slope
      } else if (!(await steps.count())) await page.locator('form label').nth(option).click()
      else if (option)
        for (let place = 0; place < (await steps.count()); place++)
          while (Number(await steps.nth(place).getAttribute('data-step')) !== place)
            await page.locator(`li[data-step="${place}"] button`).first().click()
      await control(page, 'answer').click()
      if (await control(page, 'judged-right').count()) {
        assert.equal(await page.locator('form .told').count(), 0, `${id}: the verdict waits until the reader has judged`)
        await control(page, 'judged-right').click()
      }
      await page.locator('[data-phase=shown]').waitFor()
      verdicts.add(await page.locator('.verdict').textContent())
      assert.ok((await page.locator('form .says').allTextContents()).every((says) => says.trim().length > 7), id)
      assert.ok(await page.locator('form .says').count(), id)
    }
    assert.equal(verdicts.size, 2, `${id}: ${[...verdicts]}`)
  }
  await page.evaluate(() => localStorage.clear())
  await page.goto(`${address}?c=quiz&quiz.q=idea.life`)
  await control(page, 'answer').click() // as it stands: wrong
  await control(page, 'leave').click()
  await control(page, 'open').waitFor()
  assert.equal(await control(page, 'review').count(), 0, 'nothing is due at once')
  await page.clock.fastForward('11:00')
  await control(page, 'review').click()
  await page.locator('[data-question="idea.life"][data-phase=asking]').waitFor()
  await page.reload()
  assert.deepEqual(Object.keys(JSON.parse(await kept(page, 'quiz')).told), ['idea.life'])
  await done(it, 'quiz', true)
}

/** The brush paints by mouse, finger and keys, and takes it back; what is not painted stays equal in every bit. */
async function brush() {
  const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const area = (mask) => [...mask].reduce((total, letter) => total + LETTERS.indexOf(letter).toString(2).replaceAll('0', '').length, 0)
  for (const hasTouch of [false, true]) {
    const it = await visitStill('c=steering&steering.view=brush&steering.mask=', { hasTouch, isMobile: hasTouch })
    const { page } = it
    const mask = () => fields(page)['steering.mask'] ?? ''
    const painted = (what, before, passes) => until(`${what} does not paint`, () => area(mask()), (now) => passes(now, before), page)
    const more = (now, before) => now > before
    await settled(page, '.sheet')
    const pad = control(page, 'pad')
    await pad.scrollIntoViewIfNeeded()
    const box = await pad.boundingBox()
    const first = hasTouch ? () => page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2) : await grasp(page, 'pad')
    await first()
    const once = await painted(hasTouch ? 'a finger' : 'the mouse', 0, more)
    await pad.focus()
    await page.keyboard.press('ArrowDown')
    if (!hasTouch) {
      await page.mouse.click(box.x + 0.8 * box.width, box.y + box.height / 8)
      const dot = await painted('a click after an arrow', once, more)
      assert.ok(dot - once <= 81, 'a click after an arrow paints a line')
      await control(page, 'undo').press('Enter')
      await painted('undo', once, (now) => now === once)
      await pad.focus()
    }
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Space')
    const twice = await painted('the space bar', once, more)
    await page.keyboard.down('Shift')
    for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowDown')
    await page.keyboard.up('Shift')
    const thrice = await painted('Shift with an arrow', twice, more)
    const kept = await until('it is never drawn', () => page.evaluate(() => !window.sfumato.busy() && document.querySelector('.kept').dataset.kept), Boolean, page)
    assert.equal(Number(kept), 1024 - thrice, 'pixels that were not painted changed')
    for (const left of [twice, once, 0]) {
      await control(page, 'undo').press('Enter')
      await painted('undo', left, (now) => now === left)
    }
    await done(it, `the brush${hasTouch ? ' by touch' : ''}`)
  }
}

/**
 * Words that move the panel do so by keyboard, by the address alone, and with scene, main control and sentence in view
 * together; Back takes it back.
 */
async function actions() {
  const alone = ['steering.view=words', 'steering.view=brush', 'training.view=beside', 'training.view=plane'] // as tall as a phone by themselves
  const screens = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 800 } }
  const it = await visitStill('c=notes', { viewport: screens.phone })
  const { page } = it
  for (const id of Object.keys(VIEWS)) {
    const place = CHAPTERS.indexOf(id)
    if (place < 0) await page.locator('header [data-control=lessons]').press('Enter') // a lesson by itself is found there
    await (place < 0 ? control(page, `open-${id}`) : page.locator('header nav a').nth(place)).press('Enter')
    await until(`the bar does not lead to ${id}`, () => fields(page).c, (now) => now === id, page)
    await ready(page, id)
    const words = page.locator('.theory a[data-action]')
    assert.ok((await words.count()) > 2, `${id} has hardly an action in its text`)
    for (let i = 0; i < (await words.count()); i++) {
      const link = words.nth(i)
      const where = `${id}: “${await link.textContent()}”`
      const [before, stood] = [page.url(), id === 'network' && (await firstWord(page))]
      const wanted = Object.fromEntries(new URL(await link.evaluate((e) => e.href)).searchParams)
      const centred = () => link.evaluate((e) => e.scrollIntoView({ block: 'center' }))
      await centred()
      await link.press('Enter')
      await until(`${where} does not set the address`, () => fields(page), (now) => [...Object.keys(now), ...Object.keys(wanted)].every((name) => (now[name] ?? wanted[name]) === wanted[name]), page) // a panel leaves out what is usual
      if (wanted.c !== id) {
        await page.goBack() // it led to another chapter, whose own actions are tried there
        await ready(page, id)
        continue
      }
      if (id === 'world') continue // it has no scene
      if (wanted['network.view'] === 'block') await until(`${where}: the camera does not go along`, () => firstWord(page), (now) => now !== stood, page)
      const together = (screen) => until(`${where} at ${screens[screen].width}: scene, control and sentence are not in view together`, () => link.evaluate(unseen), (hidden) => !hidden, page)
      if (!alone.some((view) => view.startsWith(id) && page.url().includes(view))) await together('phone')
      await page.setViewportSize(screens.desk) // the same panel beside its words, without computing it again
      await centred()
      await together('desk')
      await page.setViewportSize(screens.phone)
      if (i === 1) {
        const after = page.url()
        await page.goBack()
        assert.equal(page.url(), before, `${where}: Back does not take it back`)
        await page.goForward()
        assert.equal(page.url(), after)
      }
    }
  }
  await done(it, 'actions')
}
/** Where the first word of a scene stands, which is where the camera sees it. */
const firstWord = (page) => page.locator('.placed-words span').first().evaluate((e) => e.style.transform)
/** Whether the scene, its main control or this link can't be seen. */
function unseen(link) {
  const seen = (e, [across, down] = [0.5, 0.5]) => {
    const box = e.getBoundingClientRect()
    const top = document.elementFromPoint(box.left + across * box.width, box.top + down * box.height)
    const plate = top?.parentElement === e.parentElement && top?.matches('.plate') // what is taken hold of, over the drawing
    return top !== null && (e.contains(top) || top.contains(e) || plate)
  }
  const stays = document.querySelector('.panel .stays') ?? document.querySelector('.panel figure, .panel .sheet')
  const control = stays.querySelector('input')
  const rects = [...link.getClientRects()]
  const linked = rects.every(({ left, top, width, height }) => link.contains(document.elementFromPoint(left + width / 2, top + height / 2)))
  const scene = stays.querySelector('canvas') ?? stays.querySelector('svg')
  return !linked || !scene || !seen(scene, [0.5, 0.1]) || !seen(scene, [0.5, 0.9]) || (control && !seen(control))
}

/**
 * The guide leads through a chapter by Space, a swipe or a clicker: sentence by sentence, each in view with the scene; the
 * panel is what the words made of it, from either side. A presenter's screen shows scene, control and sentence, large.
 */
async function guided() {
  const current = (page) => page.locator('.theory [aria-current=step]')
  for (const hasTouch of [false, true]) {
    const chapter = hasTouch ? 'steering' : 'forward' // whose latents have the tallest panels that stay above their words
    const it = await visitStill(`c=${chapter}`, hasTouch ? { viewport: { width: 390, height: 844 }, hasTouch, isMobile: true } : { viewport: { width: 1280, height: 800 } })
    const { page } = it
    await ready(page, chapter)
    const swipe = (by) =>
      page.evaluate((by) => {
        const touch = (x) => new Touch({ identifier: 1, target: document.querySelector('.theory p'), clientX: x, clientY: 600 })
        const fire = (type, x) => touch(x).target.dispatchEvent(new TouchEvent(type, { bubbles: true, touches: type === 'touchstart' ? [touch(x)] : [], changedTouches: [touch(x)] }))
        fire('touchstart', 200)
        fire('touchend', 200 + by)
      }, by)
    const step = (way) => (hasTouch ? swipe(-120 * way) : page.keyboard.press(way > 0 ? 'Space' : 'ArrowLeft'))
    await page.locator('[data-control=guide]').click()
    if (!hasTouch) await page.evaluate(() => document.activeElement.blur()) // the keys are the page's, not the button's
    const said = page.locator('.theory > section p > span')
    const first = hasTouch ? await said.evaluateAll((all) => 1 + all.findIndex((one) => one.querySelector('a[href*="space=squeeze"]'))) : 1
    if (first > 1) {
      await page.goto(`${address}?c=${chapter}&guide=${first - 1}`)
      await ready(page, chapter)
      await step(1)
    }
    const last = first + 11
    const passed = []
    for (let stop = first; stop <= last; stop++) {
      await until(`the guide does not come to ${stop}`, () => fields(page).guide, (now) => now === String(stop), page)
      await until(`sentence ${stop} is not in view with the scene`, () => current(page).evaluate(unseen), (hidden) => !hidden, page)
      const { guide, ...panel } = fields(page)
      passed.push(JSON.stringify(panel))
      const links = await current(page).locator('a[data-action]').evaluateAll((all) => all.map((e) => Object.fromEntries(new URL(e.href).searchParams)))
      for (const [name, value] of Object.entries(links.at(-1) ?? {})) if (name !== 'guide') assert.equal(panel[name], value, `sentence ${stop} does not move ${name}`)
      await step(1)
    }
    assert.ok(new Set(passed).size > 1, 'the panel does not go along')
    for (let stop = last; stop > last - 3; stop--) {
      await step(-1)
      await until(`the guide does not go back to ${stop}`, () => fields(page).guide, (now) => now === String(stop), page)
      const { guide, ...panel } = fields(page)
      assert.equal(JSON.stringify(panel), passed[stop - first], `at sentence ${stop} the panel depends on the way there`)
    }
    await page.keyboard.press('Escape')
    await until('Escape does not end the guide', () => fields(page).guide, (now) => now === undefined, page)
    await done(it, `the guide${hasTouch ? ' by touch' : ''}`)
  }
  const it = await visitStill('c=reverse&present', { viewport: { width: 1280, height: 720 } })
  const { page } = it
  await page.waitForSelector('.panel .stays canvas')
  for (let stop = 1; stop <= 6; stop++) {
    await page.keyboard.press('PageDown')
    await until(`the clicker does not come to ${stop}`, () => fields(page).guide, (now) => now === String(stop), page)
    await until(`sentence ${stop} is not presented with scene and control`, () => page.locator('.guide .said').evaluate(unseen), (hidden) => !hidden, page)
  }
  assert.ok((await page.locator('.guide .said').evaluate((e) => parseFloat(getComputedStyle(e).fontSize))) >= 24)
  await page.keyboard.press('PageUp')
  await until('the clicker does not go back', () => fields(page).guide, (now) => now === '5', page)
  for (const left of ['guide', 'present']) {
    await page.keyboard.press('Escape')
    await until(`Escape does not end ${left}`, () => fields(page)[left], (now) => now === undefined, page)
  }
  await done(it, 'the presenter')
}

/** Who comes first sees the opening, once: a word of theirs scatters, and new points form it; then the first chapter. */
async function opening() {
  const it = await visit(browser, address, STILL, PREPARED)
  const { page } = it
  const dialog = page.locator('dialog')
  await dialog.waitFor()
  const drawn = () => dialog.locator('canvas').evaluate((e) => e.toDataURL())
  const word = await until('no word is drawn', drawn, (now) => now.length > 3000, page)
  await page.locator('[data-control=opening-word]').fill('me')
  await until('the word does not change', drawn, (now) => now !== word, page)
  await page.locator('[data-control=opening-back]').press('Enter')
  await page.locator('[data-control=opening-begin]').press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await ready(page, 'idea')
  await page.goto(address)
  await ready(page, 'idea')
  assert.equal(await dialog.count(), 0, 'it opens twice')
  await page.evaluate(() => localStorage.clear())
  await page.goto(`${address}?c=idea`)
  await ready(page, 'idea')
  assert.equal(await dialog.count(), 0, 'it stands before a page that was linked to')
  await page.goto(address)
  await dialog.waitFor()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await done(it, 'the opening', true)
}

/** Who comes first is spoken to in a language of the browser's, if it is there; an address and a choice count for more. What is in English only says so. */
async function tongues() {
  const spoken = (page) => page.locator('html[data-begun]').getAttribute('lang')
  for (const [locale, language] of [['de-CH', 'de'], ['es-MX', 'es'], ['zh-CN', 'zh-Hans'], ['zh-TW', 'en'], ['fr', 'en']]) {
    const it = await visit(browser, `${address}?c=glossary`, { ...STILL, locale })
    const { page } = it
    assert.equal(await spoken(page), language, `to a browser in ${locale}`)
    if (language === 'de') {
      assert.match(await page.locator('h1').textContent(), /Glossar/)
      await page.goto(`${address}?c=gan`)
      assert.match(await page.locator('.only').textContent(), /nur auf Englisch/, 'a lesson that is not translated says so')
      assert.equal(await page.locator('.theory > section').first().getAttribute('lang'), 'en')
      await page.goto(`${address}?c=glossary&lang=es`)
      assert.equal(await spoken(page), 'es', 'the address counts for more')
      await page.goto(`${address}?c=glossary&lang=en`)
      await page.goto(`${address}?c=glossary`)
      assert.equal(await spoken(page), 'en', 'a choice is kept')
      await page.goto(`${address}?c=glossary&lang=toString`)
      assert.equal(await spoken(page), 'en', 'what is no language')
    }
    await done(it, `in ${locale}`, true)
  }
}

const LAWS = { actions, guided, opening, tongues, brush, motion, keyboard, terms, flat, waits, storage, settings, quiz }

const unknown = parts.filter((part) => !(part in VIEWS || part in LAWS))
assert.deepEqual(unknown, [])
const took = {}
for (const part of parts) {
  const begun = Date.now()
  await (part in VIEWS ? chapter(part) : LAWS[part]()).catch((e) => amiss.push(`${part}: ${e.stack.split('\n').slice(0, 6).join('\n')}`))
  took[part] = (Date.now() - begun) / 1000
}
await browser.close()
if (amiss.length) console.error(amiss.join('\n'))
console.log(JSON.stringify(took))
process.exitCode = amiss.length ? 1 : 0
