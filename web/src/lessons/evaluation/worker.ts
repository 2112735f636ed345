/** Damages and judges pictures away from the page's own thread. */
import { type About, CARDS, type Damage, digitsFrom, Judge, Sets, type Told, UNHARMED } from './damage'

let about: About
let all: Float32Array[]
let sets: Sets
let judge: Judge | undefined
let asked: Damage | undefined
let unharmed: (Told & { kind: 'scores' })['unharmed'] | undefined
let seed = NaN

const tell = (told: Told) => self.postMessage(told)
/** What is seen comes first, and the scores once nothing else is asked for. */
function show(now: Damage): void {
  if (now !== asked) return
  const { pictures, copied } = sets.damaged(now)
  const features = sets.features(pictures.slice(0, now.count))
  const cards = new Float32Array(pictures.slice(0, CARDS).flatMap((picture) => [...picture]))
  tell({ kind: 'shown', damage: now, cards, copied, features })
  setTimeout(() => score(now))
}
function score(now: Damage): void {
  if (now !== asked) return
  judge ??= new Judge(about, all)
  if (seed !== now.seed) {
    seed = now.seed
    unharmed = judge.judge(judge.features(judge.damaged({ ...UNHARMED, seed }).pictures), UNHARMED.count)
  }
  const features = judge.features(judge.damaged(now).pictures)
  tell({ kind: 'scores', damage: now, scores: judge.judge(features, now.count), unharmed: unharmed!, curve: judge.curve(features) })
}

self.onmessage = ({ data }: MessageEvent<{ about: About; letters: string } | Damage>) => {
  if ('about' in data) {
    about = data.about
    all = digitsFrom(data.letters)
    sets = new Sets(about, all)
    tell({ kind: 'real', features: sets.features(sets.trained) })
  } else {
    asked = data
    setTimeout(() => show(data)) // lets another word from the page in
  }
}
