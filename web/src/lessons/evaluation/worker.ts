/** Judges pictures away from the page's own thread. */
import { type About, type Damage, digitsFrom, Judge, type Told, UNHARMED } from './damage'

let judge: Judge | undefined
let asked: Damage | undefined
let unharmed: Told['unharmed'] | undefined
let seed = NaN

function answer(): void {
  if (!judge || !asked) return
  const now = asked
  asked = undefined
  if (seed !== now.seed) {
    seed = now.seed
    unharmed = judge.judge(judge.features(judge.damaged({ ...UNHARMED, seed }).pictures), UNHARMED.count)
  }
  const features = judge.features(judge.damaged(now).pictures)
  self.postMessage({ damage: now, scores: judge.judge(features, now.count), unharmed: unharmed!, curve: judge.curve(features) } satisfies Told)
}

self.onmessage = ({ data }: MessageEvent<{ about: About; letters: string } | Damage>) => {
  if ('about' in data) judge = new Judge(data.about, digitsFrom(data.letters))
  else {
    asked = data
    setTimeout(answer) // lets another word from the page in
  }
}
