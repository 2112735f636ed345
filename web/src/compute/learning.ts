/** Trains a model of points in the plane away from the page's own thread, and says how it stands as it goes. */
import { Noise } from './noise'
import { type Asked, GRID, Learner, REACH, type Told, velocity, walk } from './plane'


const SAMPLES = 240
const STEPS = 12 // of a walk
const LEAST = 100 // steps of training, however slow they are: before that nothing is learnt
const NEWS = 300 // milliseconds from one word to the next, and
const SHARE = 6 // times as long as it took to find out what to say

const grid = Float32Array.from({ length: 2 * GRID * GRID }, (_, i) => {
  const place = i % 2 ? Math.floor(i / 2 / GRID) : Math.floor(i / 2) % GRID
  return ((2 * place) / (GRID - 1) - 1) * REACH * 0.93
})

let learner: Learner | undefined
let begun: Float32Array // the noise from which all samples are drawn, so that they can be seen to move
let time = 0.5
let last: Told | undefined

const field = () => velocity(learner!.net, grid, [Math.min(0.999, Math.max(0.001, time))]).map((v) => -v)
const tell = (told: Told) => self.postMessage((last = told))

async function train(data: Float32Array, seconds: number, seed: number): Promise<void> {
  const noise = new Noise(seed)
  const mine = (learner = new Learner(data, (out) => noise.fill(out)))
  begun = new Noise(seed + 1).fill(new Float32Array(2 * SAMPLES))
  const start = performance.now()
  let [next, total, counted, fraction] = [start, 0, 0, 0]
  while (learner === mine) {
    const now = performance.now()
    fraction = Math.min(1, (now - start) / 1000 / seconds, mine.steps / LEAST)
    if (now >= next || fraction === 1) {
      const loss = counted ? total / counted : null
      tell({ steps: mine.steps, seconds: (now - start) / 1000, fraction, loss, samples: walk(mine.net, begun, STEPS), field: field() })
      if (fraction === 1) return
      const told = performance.now()
      ;[next, total, counted] = [told + Math.max(NEWS, SHARE * (told - now)), 0, 0]
      await new Promise((resolve) => setTimeout(resolve)) // lets another word from the page in
    }
    total += mine.step(fraction)
    counted++
  }
}

self.onmessage = ({ data: asked }: MessageEvent<Asked>) => {
  time = asked.time
  if ('data' in asked) void train(asked.data, asked.seconds, asked.seed)
  else if (learner && last?.fraction === 1) tell({ ...last, field: field() })
}
