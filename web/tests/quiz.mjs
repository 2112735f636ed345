/** The quiz's engine and its questions, without a browser:  node --test tests/quiz.mjs */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { createServer } from 'vite'

const vite = await createServer({ appType: 'custom', logLevel: 'error', server: { middlewareMode: true, hmr: false, ws: false }, optimizeDeps: { noDiscovery: true } })
after(() => vite.close())
const load = (path) => vite.ssrLoadModule(path)
const { questions, certified, byChapter } = await load('/src/english/quiz/index.ts')
const { glossary } = await load('/src/english/glossary.ts')
const { taughtIn } = await load('/src/taught.ts')
const { CHAPTERS, OTHERS, FULL, agreement, answers, chapterOf, guessed, isRight, parts } = await load('/src/quiz/question.ts')
const { arranged, disordered } = await load('/src/quiz/shuffle.ts')
const { after: remembered, isMemory } = await load('/src/quiz/schedule.ts')
const record = await load('/src/quiz/record.ts')
const chapters = await Promise.all([...CHAPTERS.map((id) => `english/${id}`), ...OTHERS.map((id) => `lessons/${id}/text`)].map(async (path) => (await load(`/src/${path}.ts`)).text))

const DAY = 86_400_000
const START = Date.UTC(2025, 0, 1, 10)
const rightAnswer = (q) =>
  q.kind === 'draw' ? q.truth : q.kind === 'guess' ? Math.round((q.truth - q.from) / q.step) : q.kind === 'order' ? q.steps.map((_, i) => i) : q.kind === 'bug' ? q.bug : q.options.findIndex((o) => o.right)
const wrongAnswer = (q) =>
  q.kind === 'draw' ? q.truth.map((v) => FULL - v) : q.kind === 'guess' ? (rightAnswer(q) + Math.ceil((2 * q.within) / q.step)) % parts(q) : q.kind === 'order' ? q.steps.map((_, i) => q.steps.length - 1 - i) : (rightAnswer(q) + 1) % parts(q)
const told = (q) => (q.kind === 'order' ? q.steps : q.kind === 'bug' ? q.lines : (q.options ?? q.others))
const all = (answer, at = START) => questions.reduce((p, q) => record.answered(p, q, answer(q), at), record.nothing)

test('every chapter asks at least six questions, of several kinds, under names of its own', () => {
  assert.ok(questions.length >= 44)
  for (const chapter of [...CHAPTERS, ...OTHERS]) {
    assert.ok(byChapter[chapter].length >= 6, chapter)
    assert.ok(new Set(byChapter[chapter].map((q) => q.kind)).size >= 3, chapter)
    for (const q of byChapter[chapter]) assert.ok(q.id.startsWith(`${chapter}.`) && chapterOf(q.id) === chapter, q.id)
  }
  assert.equal(new Set(questions.map((q) => q.id)).size, questions.length)
  for (const kind of ['choice', 'predict', 'guess', 'draw', 'order', 'bug']) assert.ok(questions.some((q) => q.kind === kind), kind)
})

test('every option has an explanation, exactly one is right, and every question has its panel', () => {
  for (const q of questions) {
    assert.ok([...CHAPTERS, ...OTHERS].includes(q.panel.c), q.id)
    for (const name of Object.keys(q.panel)) assert.ok(name === 'c' || name.startsWith(`${q.panel.c}.`), `${q.id}: ${name}`)
    for (const one of told(q)) assert.ok(one.says.length >= (q.kind === 'order' ? 8 : 20), `${q.id}: ${one.says}`)
    if (q.options) {
      assert.equal(q.options.filter((o) => o.right).length, 1, q.id)
      assert.equal(new Set(q.options.map((o) => o.text)).size, q.options.length)
      for (const o of q.options) assert.ok(!o.text.includes('[['), `${q.id}: a term is a button, and has no place in a label`)
    }
    if (q.kind === 'bug') assert.notEqual(q.mended.trim(), q.lines[q.bug].code.trim())
  }
})

test('every panel that a question or an action opens has the fields that it sets', async () => {
  const { pieces } = await load('/src/parts/prose.ts')
  const within = (folder) => readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.svelte')).map((name) => readFileSync(new URL(name, folder), 'utf8'))
  const sources = ['chapters', 'lessons'].flatMap((name) => within(new URL(`../src/${name}/`, import.meta.url))).join('\n')
  const fields = new Map([...sources.matchAll(/field(?:<\w+>)?\('([\w.-]+)', ([^,)]+)/g)].map(([, name, usual]) => [name, usual]))
  const acted = chapters.flatMap(({ id, sections }) => sections.flatMap(({ text }) => text.flatMap((one) => pieces(one).filter(({ kind }) => kind === 'action').map(({ to, text }) => ({ id: `${id}: ${text}`, panel: to })))))
  assert.ok(acted.length > 40)
  for (const q of [...questions, ...acted])
    for (const [name, value] of Object.entries(q.panel)) {
      if (name === 'c') continue
      assert.ok(fields.has(name), `${q.id}: no panel has a field ${name}`)
      const usual = fields.get(name)
      if (usual === 'true' || usual === 'false') assert.match(value, /^[01]$/, q.id)
      else if (!usual.startsWith("'")) assert.ok(Number.isFinite(Number(value)), `${q.id}: ${name}=${value}`)
    }
})

test('sentences are whole: each has all of its markup, and together they are the paragraph', async () => {
  const { changed, pieces, sentences } = await load('/src/parts/prose.ts')
  const bare = (text) => pieces(text).map((piece) => piece.text + (piece.closing ?? '')).join('')
  for (const { id, sections } of chapters)
    for (const text of sections.flatMap(({ text }) => text)) {
      const parts = sentences(text)
      assert.equal(parts.map(bare).join(' ').replaceAll(/\s+/g, ' '), bare(text), id)
      assert.equal(parts.filter(changed).length > 0, Boolean(changed(text)), id)
    }
  assert.deepEqual(sentences('This one says *what it says. And that* as well. So does the one after it.'), ['This one says *what it says. And that* as well.', 'So does the one after it.'])
})

test('the right option is not to be known by its length or its place', () => {
  const choices = questions.filter((q) => q.options)
  const longest = choices.filter((q) => q.options.every((o) => o.right || o.text.length < q.options.find((r) => r.right).text.length))
  const shortest = choices.filter((q) => q.options.every((o) => o.right || o.text.length > q.options.find((r) => r.right).text.length))
  console.log(`right is longest in ${longest.length}, shortest in ${shortest.length} of ${choices.length}`)
  assert.ok(longest.length <= choices.length / 3, longest.map((q) => q.id).join(' '))
  assert.ok(shortest.length <= choices.length / 2, shortest.map((q) => q.id).join(' '))
  const places = [0, 0, 0, 0, 0]
  for (const q of choices) places[arranged(q, 0).indexOf(rightAnswer(q))]++
  console.log('right at', places.join(' '))
  for (const many of places) assert.ok(many <= choices.length * 0.4)
})

test('an answer is right or not, and nonsense is no answer', () => {
  for (const q of questions) {
    assert.ok(isRight(q, rightAnswer(q)), q.id)
    assert.ok(!isRight(q, wrongAnswer(q)), q.id)
    for (const nonsense of [-1, 99, 0.5, '0', null, undefined, [], [0], {}, NaN]) assert.ok(!answers(q, nonsense) && !isRight(q, nonsense))
  }
})

test('a guess is right within its reach, and a curve by its falls and rises', () => {
  for (const q of questions.filter(({ kind }) => kind === 'guess')) {
    assert.ok(q.from <= q.truth - q.within && q.truth + q.within <= q.to && q.within < (q.to - q.from) / 4, q.id)
    for (let answer = 0; answer < parts(q); answer++)
      assert.equal(isRight(q, answer), Math.abs(guessed(q, answer) - q.truth) <= q.within + 1e-9, `${q.id}: ${guessed(q, answer)}`)
  }
  for (const q of questions.filter(({ kind }) => kind === 'draw')) {
    assert.equal(q.truth.length, q.columns.length)
    assert.equal(agreement(q.truth, q.truth), 1)
    assert.equal(agreement(q.truth, q.truth.map(() => FULL / 2)), 0, 'a flat line says nothing')
    assert.ok(isRight(q, q.truth.map((v) => Math.round(v / 2 + 20))), 'how high it is drawn does not count')
    assert.ok(!isRight(q, q.truth.toSorted((a, b) => a - b)) || !isRight(q, q.truth.toSorted((a, b) => b - a)))
    for (const nonsense of [q.truth.slice(1), q.truth.with(0, -1), q.truth.with(0, FULL + 1), q.truth.with(0, 0.5)]) assert.ok(!answers(q, nonsense))
  }
})

test('what is predicted says where to look, and in which panel', () => {
  for (const q of questions.filter(({ kind }) => ['predict', 'guess', 'draw'].includes(kind))) assert.ok(q.look.length > 20 && q.panel.c === chapterOf(q.id), q.id)
})

test('what is shuffled is all there, the same each time, and never solved from the start', () => {
  for (const q of questions) {
    const order = disordered(parts(q), q.id)
    assert.deepEqual([...order].sort((a, b) => a - b), [...order.keys()])
    assert.deepEqual(order, disordered(parts(q), q.id))
    assert.ok(order.filter((step, place) => step === place).length <= 1, q.id)
  }
})

test('what is missed comes back after ten minutes, what is known after longer and longer', () => {
  const missed = remembered(undefined, false, START)
  assert.equal(missed.due - START, 600_000)
  let memory = remembered(undefined, true, START)
  let gap = memory.due - START
  assert.ok(gap >= DAY)
  for (let i = 0; i < 5; i++) {
    const next = remembered(memory, true, memory.due)
    assert.ok(isMemory(next) && next.due - memory.due > gap)
    ;[gap, memory] = [next.due - memory.due, next]
  }
  const forgotten = remembered(memory, false, memory.due)
  assert.equal(forgotten.due - memory.due, 600_000)
  assert.equal(forgotten.lapses, 1)
})

test('a clock that was put back is borne', () => {
  const memory = remembered(undefined, true, START)
  const next = remembered(memory, true, START - 30 * DAY)
  assert.ok(isMemory(next) && next.last === START && next.due > START)
})

test('the score counts last answers, by chapter and in all', () => {
  const [q, other] = questions
  let p = record.answered(record.nothing, q, wrongAnswer(q), START)
  assert.deepEqual(record.score(p, questions), { total: questions.length, answered: 1, right: 0, missed: 1 })
  p = record.answered(p, q, rightAnswer(q), START + 1000)
  p = record.answered(p, other, wrongAnswer(other), START + 2000)
  assert.deepEqual(record.score(p, questions), { total: questions.length, answered: 2, right: 1, missed: 1 })
  assert.equal(p.told[q.id].times, 2)
  assert.deepEqual(record.due(p, questions, START + 3000), [])
  assert.deepEqual(record.due(p, questions, START + 700_000).map((one) => one.id), [other.id])
})

test('the certificate wants every question answered and four in five right', () => {
  assert.ok(!record.standing(record.nothing, certified).passed)
  assert.equal(record.standing(record.nothing, certified).open.length, CHAPTERS.length)
  let p = all(rightAnswer)
  assert.ok(record.standing(p, certified).passed)
  assert.equal(record.standing(p, certified).last, START)
  const allowed = certified.length - record.standing(p, certified).needed
  for (const q of certified.slice(0, allowed)) p = record.answered(p, q, wrongAnswer(q), START + DAY)
  assert.ok(record.standing(p, certified).passed)
  p = record.answered(p, certified[allowed], wrongAnswer(certified[allowed]), START + DAY)
  assert.ok(!record.standing(p, certified).passed)
})

test('the certificate asks for all of the lesson on diffusion but its code', () => {
  const asked = CHAPTERS.flatMap((chapter) => byChapter[chapter])
  assert.deepEqual(asked.filter((q) => !certified.includes(q)).map(({ kind }) => kind), asked.filter(({ kind }) => kind === 'bug').map(() => 'bug'))
  let p = record.nothing
  for (const q of asked.filter(({ kind }) => kind !== 'bug')) p = record.answered(p, q, rightAnswer(q), START)
  assert.ok(record.standing(p, certified).passed)
  assert.ok(asked.length - certified.length >= 8) // some were left out
})

test('what was saved is taken in again, the later answer counts, and nothing else is taken in', () => {
  const early = all(wrongAnswer)
  const late = record.answered(record.nothing, questions[0], rightAnswer(questions[0]), START + DAY)
  assert.deepEqual(record.read(record.written(early)), early)
  for (const both of [record.merged(early, late), record.merged(late, early)]) {
    assert.equal(both.told[questions[0].id].right, true)
    assert.equal(Object.keys(both.told).length, questions.length)
  }
  for (const text of ['', '{', 'null', '[]', '{"version":1}', '{"lesson":"sfumato","version":2,"told":{}}', '{"version":1,"told":{}}'])
    assert.equal(record.read(text), undefined, text)
})

test('damaged records are refused', () => {
  const good = JSON.parse(JSON.stringify(all(rightAnswer)))
  assert.ok(record.isProgress(good))
  const id = questions[0].id
  const spoil = [
    (p) => (p.version = '1'),
    (p) => (p.told = []),
    (p) => (p.told = null),
    (p) => (p.told[id] = null),
    (p) => (p.told[id].right = 'yes'),
    (p) => (p.told[id].at = -1),
    (p) => (p.told[id].at = null),
    (p) => (p.told[id].times = 0),
    (p) => (p.told[id].memory = {}),
    (p) => (p.told[id].memory.due = 1e300),
    (p) => (p.told[id].memory.state = 7),
    (p) => (p.told[id].memory.stability = 0),
    (p) => (p.told[id].memory.difficulty = 11),
  ]
  for (const how of spoil) {
    const bad = structuredClone(good)
    how(bad)
    assert.ok(!record.isProgress(bad), String(how))
  }
  for (const bad of [null, 3, 'x', [], {}]) assert.ok(!record.isProgress(bad))
})

test('every glossary term is explained, and taught in a chapter or lesson', () => {
  assert.ok(Object.keys(glossary).length >= 40)
  for (const [term, says] of Object.entries(glossary)) {
    assert.ok(says.length > 30, term)
    assert.ok([...CHAPTERS, ...OTHERS].includes(taughtIn(term, chapters)), term)
  }
  const texts = [JSON.stringify(chapters), JSON.stringify(questions)].join(' ')
  for (const [, term] of texts.matchAll(/\[\[([^\]|]+)(?:\|[^\]]*)?\]\]/g)) assert.ok(term in glossary, `[[${term}]]`)
})
