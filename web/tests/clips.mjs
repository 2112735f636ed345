/**
 * What the lesson on video computes, without a browser:  node tests/clips.mjs < asked.json > answered.json
 * Guesses of the exact denoiser at the numbers that are given, and how the frames of whole walks agree.
 */
import { text } from 'node:stream/consumers'
import { createServer } from 'vite'

const asked = JSON.parse(await text(process.stdin))
const vite = await createServer({ appType: 'custom', logLevel: 'error', server: { middlewareMode: true, hmr: false, ws: false }, optimizeDeps: { noDiscovery: true } })
const { bouncing, denoised, DRAWN, frameOf, HOWS, PIXELS, shown, SIZE, steered, stepsKept, walked } = await vite.ssrLoadModule('/src/lessons/video/video.ts')
const { Dice } = await vite.ssrLoadModule('/src/compute/dice.ts')

const guesses = asked.guesses.map(({ x, times, moves, linked }) => [...denoised(Float32Array.from(x), times, moves === null ? bouncing() : steered(moves), linked, moves === null ? times.length : moves.length + 1)])
const first = frameOf(DRAWN)
function agree(how, linked, seed) {
  const noise = new Dice(seed + 40).normal(new Float32Array(SIZE))
  const walk = walked({ how, linked, noise, first, moves: asked.moves })
  const end = walk.x.at(-1)
  const seen = shown(end).slice(0, how === 'moves' ? asked.moves.length + 1 : undefined)
  const kept = end.subarray(0, PIXELS).every((v, i) => v === first[i])
  return { seen, steps: stepsKept(seen), kept, staircase: walk.times.map((times) => [...times]) }
}
const walks = Object.fromEntries(HOWS.map((how) => [how, [true, false].map((linked) => Array.from({ length: asked.seeds }, (_, seed) => agree(how, linked, seed)))]))
console.log(JSON.stringify({ guesses, walks }))
await vite.close()
