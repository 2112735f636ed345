/** A sampler as data, carried out without a network:  node --test tests/program.mjs */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createServer } from 'vite'

const vite = await createServer({ appType: 'custom', logLevel: 'error', server: { middlewareMode: true, hmr: false, ws: false }, optimizeDeps: { noDiscovery: true } })
after(() => vite.close())
const { run } = await vite.ssrLoadModule('/src/compute/program.ts')

const level = { alpha: 1, sigma: 2 }
const guesses = async (lines) => {
  const told = []
  const answer = async (_, line) => Float32Array.of(line.null ? 1 : 5)
  for await (const { guess, calls } of run({ scale: 1, calls: 0, lines }, answer, () => Float32Array.of(0))) told.push([guess && [...guess], calls])
  return told
}

test('a guess under guidance is the pushed one, not the last answer', async () => {
  const asks = [{ ask: [[0, 1]], ...level }, { ask: [[0, 1]], ...level, null: true }]
  assert.deepEqual(await guesses([...asks, { arrive: [[0, 0.5], [1, 1.5], [2, -1]] }]), [[null, 0], [[13], 2]]) // w = 3: 1 + 3 · (5 − 1)
  assert.deepEqual(await guesses([...asks, { ask: [[0, 0.5], [1, 0.75], [2, 0.75]], ...level }, { arrive: [[3, 1]] }]), [[null, 0], [[5], 3]])
})

test('a guess without guidance is the answer', async () => {
  assert.deepEqual(await guesses([{ ask: [[0, 1]], ...level }, { arrive: [[1, 1]] }]), [[null, 0], [[5], 1]])
  assert.deepEqual(await guesses([{ ask: [[0, 1]], ...level, null: true }, { arrive: [[1, 1]] }]), [[null, 0], [[1], 1]])
})
