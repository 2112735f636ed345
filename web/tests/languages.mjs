/**
 * Translations say all that the English says, and nothing of what it no longer says:  node --test tests/languages.mjs
 * After translating what has changed:  KEEP=1 node tests/languages.mjs
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { createServer } from 'vite'

Object.assign(globalThis, { location: { search: '', href: 'http://localhost/' }, addEventListener() {}, matchMedia: () => ({ matches: false, addEventListener() {} }) })
const vite = await createServer({ appType: 'custom', logLevel: 'error', server: { middlewareMode: true, hmr: false, ws: false }, optimizeDeps: { noDiscovery: true } })
after(() => vite.close())
const LANGUAGES = ['german', 'spanish', 'chinese']
const SILENT = new Set(['id', 'kind', 'tex', 'code', 'key', 'claims', 'minutes', 'command', 'commands', 'fileName', 'samplers', 'names', 'panel', 'mended', 'columns'])
const WORD = /[a-z]{3}|\p{Script=Han}/iu // what holds none needs no translation

/** Each text of `words` by its path: a string as it is, a function by its source. */
function texts(words, path = '') {
  return Object.entries(words).flatMap(([key, value]) => {
    const here = path ? `${path}/${key}` : key
    if (SILENT.has(key)) return []
    if (typeof value === 'string' || typeof value === 'function') return WORD.test(String(value)) ? [[here, String(value)]] : []
    return typeof value === 'object' && value !== null ? texts(value, here) : []
  })
}
const at = (words, path) => path.split('/').reduce((found, key) => found?.[key], words)
const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 10)

const { pieces, sentences } = await vite.ssrLoadModule('/src/parts/prose.ts')
const { english: files } = await vite.ssrLoadModule('/src/words.ts')
// What `sfumato claims` has found is English too, but for its numbers and the one formula.
const { claims } = JSON.parse(readFileSync(new URL('../../src/sfumato/lesson/recorded/rivals/claims.json', import.meta.url), 'utf8'))
const findings = claims.flatMap(({ claim, columns, rows, checks, notes }) => [claim, ...columns, ...rows.flat().filter((cell) => typeof cell === 'string'), ...checks.map(({ quantity }) => quantity), ...notes])
const { found, NUMBERS } = files['./claims.ts']
for (const text of findings.map((text) => text.replaceAll(NUMBERS, '#'))) if (text !== 'alpha/sigma') found[text] = text
const loaded = await Promise.all(LANGUAGES.map(async (language) => ({ language, ...(await vite.ssrLoadModule(`/src/${language}/index.ts`)) })))
/** Each file of English words, and what is laid over it. */
const over = (said) => Object.entries(files).map(([file, words]) => [words, said[file], file])

for (const { language, said: spoken, same } of loaded) {
  const folder = over(spoken)
  const file = new URL(`../src/${language}/translated.json`, import.meta.url)
  const now = Object.fromEntries(folder.flatMap(([english, , file]) => texts(english).map(([path, text]) => [`${file} ${path}`, hash(text)])))
  if (process.env.KEEP) writeFileSync(file, `${JSON.stringify(now, null, 0).replaceAll('","', '",\n"')}\n`)
  const kept = JSON.parse(readFileSync(file, 'utf8'))
  test(`${language} has each file of words`, () => assert.deepEqual(Object.keys(spoken).sort(), Object.keys(files).sort()))
  test(`${language} lags behind in no sentence`, () => {
    assert.deepEqual(Object.keys(now).filter((path) => now[path] !== kept[path]), [], 'translate these anew, then keep their hashes')
  })
  test(`${language} has every sentence but those that read the same in it`, () => {
    const missing = folder.flatMap(([english, said]) => texts(english).flatMap(([path]) => (at(said, path) === undefined ? [path] : [])))
    assert.deepEqual(missing.filter((path) => !same.some((one) => path === one || path.startsWith(`${one}/`))), [])
    assert.deepEqual(same.filter((one) => !missing.some((path) => path === one || path.startsWith(`${one}/`))), [], 'these have a translation')
  })
  test(`${language} has no sentence that the English lacks, and as many markings in each`, () => {
    for (const [english, said] of folder)
      for (const [path, text] of texts(said)) {
        const original = at(english, path)
        assert.equal(typeof original, typeof at(said, path), path)
        if (typeof original !== 'string') continue
        const marks = (words, pattern) => [...words.matchAll(pattern)].map(([, what]) => what).sort()
        for (const pattern of [/\[\[([^\]|]+)/g, /\]\(([^)\s]+)\)/g, /(#)/g]) assert.deepEqual(marks(text, pattern), marks(original, pattern), `${path}: ${text}`)
      }
  })
  test(`${language} keeps the markings of each sentence whole`, () => {
    const marked = (text) => pieces(text).filter(({ kind }) => kind !== 'text').length
    for (const [, { text }] of folder)
      for (const said of text?.sections?.flatMap(({ text }) => text ?? []) ?? []) assert.equal(sentences(said).reduce((sum, one) => sum + marked(one), 0), marked(said), said)
  })
}

test('chinese has the punctuation of its characters, and no space beside them', () => {
  const { said: spoken } = loaded.find(({ language }) => language === 'chinese')
  const said = over(spoken).flatMap(([, words]) => texts(words).filter(([path]) => typeof at(words, path) === 'string'))
  assert.deepEqual(said.filter(([, text]) => /\p{Script=Han}(?:[,;:!?]| (?![·+−=])|\.(?!\d))|(?<![·+−=]) \p{Script=Han}/u.test(text)), [])
})

test('numbers are written as each language writes them', async () => {
  const { written } = await vite.ssrLoadModule('/src/written.ts')
  let state = 1
  const next = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
  const odd = [0, -0, NaN, Infinity, -Infinity, 1e15, 1e21, 5e-13, 4.9e-13, 0.5, 1.5, 2.5, 1.005, 999.9996, 1000, 9999.5, -12_345.678]
  const values = [...odd, ...Array.from({ length: 2000 }, (_, i) => Number(((next() - 0.4) * 10 ** Math.floor(next() * 16 - 7)).toPrecision(1 + (i % 17))))]
  for (const language of ['en', 'de', 'es', 'zh-Hans'])
    for (const [least, most] of [[0, 12], [0, 3], [0, 0], [1, 1], [2, 2]]) {
      const format = new Intl.NumberFormat(language, { minimumFractionDigits: least, maximumFractionDigits: most })
      for (const value of values) assert.equal(written(value, least, most, language), format.format(value).replace('-', '−'), `${value} in ${language}, ${least} to ${most} decimals`)
    }
})
