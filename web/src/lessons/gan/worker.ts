/** Lets forger and critic play away from the page's own thread, and tells every moment of it. */
import { type Asked, Duel, EVERY, gameOf, RATES, type Told } from './duel'

let duel: Duel | undefined
let game = ''
let upTo = 0
let playing = false

const tell = (one: Duel) => self.postMessage({ game, moment: one.moment() } satisfies Told)
async function play(): Promise<void> {
  playing = true
  while (duel && duel.steps < upTo) {
    const mine = duel
    for (let i = 0; i < EVERY; i++) mine.step()
    if (mine === duel) tell(mine)
    await new Promise((resolve) => setTimeout(resolve)) // lets another word from the page in
  }
  playing = false
}

self.onmessage = ({ data: asked }: MessageEvent<Asked>) => {
  upTo = asked.upTo
  if (gameOf(asked) !== game) {
    game = gameOf(asked)
    duel = new Duel(asked.seed, RATES[asked.rates], asked.blur)
    tell(duel)
  }
  if (!playing) void play()
}
