/**
 * What the lessons on few steps and latents compute, without a browser:  node tests/few.mjs < asked.json > answered.json
 * The exact denoiser and the drift of the points that are given, and how teacher, student and drifting points end.
 */
import { text } from 'node:stream/consumers'
import { createServer } from 'vite'

const asked = JSON.parse(await text(process.stdin))
const vite = await createServer({ appType: 'custom', logLevel: 'error', server: { middlewareMode: true, hmr: false, ws: false }, optimizeDeps: { noDiscovery: true } })
const { apart, away, covered, denoised, drift, drifted, ends, jump, JUMPS, noiseOf, spiral, STEPS, Student, teach, TRAINING } = await vite.ssrLoadModule('/src/lessons/few/few.ts')
const { difference, pushed } = await vite.ssrLoadModule('/src/lessons/latent/latent.ts')

/** The share of points that lie off the data: further than four standard deviations. */
function strays(points) {
  let off = 0
  for (let i = 0; i < points.length; i += 2) off += Number(away(points.subarray(i, i + 2)) > 0.2)
  return off / (points.length / 2)
}
const noise = noiseOf(0)
const told = (points) => ({ away: away(points), covered: covered(points), strays: strays(points) })
const many = ends(teach(noise, 64))
const student = new Student(0)
while (student.step < TRAINING) student.train()
const { ways } = student.standing()
const clean = Float32Array.from([0.3, -1.2, 0.9, 0.1])
console.log(JSON.stringify({
  spiral: [...spiral],
  guesses: asked.times.map((t) => [...denoised(asked.points, t)]),
  walk: [...teach(asked.points, 4)],
  drift: [true, false].map((repel) => [...drift(Float64Array.from(asked.points), Float64Array.from(asked.to), repel)]),
  teacher: Object.fromEntries(STEPS.map((steps) => [steps, told(ends(teach(noise, steps)))])),
  student: Object.fromEntries(JUMPS.map((jumps) => [jumps, { ...told(ends(ways[jumps])), far: apart(ends(ways[jumps]), many) }])),
  drifted: [true, false].map((repel) => told(ends(drifted(noise, repel)))),
  stays: [...jump(student.net, clean, 0)].every((v, i) => v === clean[i]),
  difference: [...difference(Float32Array.from(asked.one), Float32Array.from(asked.other))],
  pushed: [...pushed(new Float32Array(2048), 2, Uint8Array.from({ length: 256 }, (_, i) => Number(i === 17)), -1.5)].flatMap((v, i) => (v ? [[i, v]] : [])),
}))
await vite.close()
