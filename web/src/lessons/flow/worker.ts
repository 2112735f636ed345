/** Trains round after round away from the page's own thread, and tells how each stands. */
import { type Asked, NEWS, Rounds, type Told, TRAINING } from './flow'

let rounds: Rounds | undefined
let seed = NaN
let upTo = 0
let training = false

async function train(): Promise<void> {
  training = true
  while (rounds && (rounds.step < TRAINING || rounds.round < upTo)) {
    const mine = rounds
    if (mine.step >= TRAINING) mine.next()
    for (let i = 0; i < NEWS; i++) mine.train()
    if (mine === rounds) self.postMessage({ seed, standing: mine.standing() } satisfies Told)
    await new Promise((resolve) => setTimeout(resolve)) // lets another word from the page in
  }
  training = false
}

self.onmessage = ({ data: asked }: MessageEvent<Asked>) => {
  upTo = asked.round
  if (asked.seed !== seed) {
    seed = asked.seed
    rounds = new Rounds(seed)
  }
  if (!training) void train()
}
