/** The reader's answers, kept in the browser. */
import { recall, remember, setAside } from '../remembered'
import type { Answer, Question } from './question'
import { answered, isProgress, merged, nothing, type Progress } from './record'

type Trouble = '' | 'damaged' | 'unkept'
const state = $state({ trouble: '' as Trouble })
let kept = $state.raw<Progress>(load())

function load(): Progress {
  return recall('quiz', isProgress, nothing, () => {
    setAside('quiz')
    state.trouble = 'damaged'
  })
}

function keep(next: Progress): void {
  kept = next
  if (!remember('quiz', next)) state.trouble = 'unkept'
}

// Another tab of the lesson has written: go on from there.
addEventListener('storage', (event) => {
  if (event.key === 'sfumato.quiz' || event.key === null) kept = load()
})

export const progress = {
  get now(): Progress {
    return kept
  },
  /** Kept answers could not be read, or new ones not kept. */
  get trouble(): Trouble {
    return state.trouble
  },
  answer(question: Question, answer: Answer, now = Date.now()): void {
    keep(answered(kept, question, answer, now))
  },
  take(other: Progress): void {
    keep(merged(kept, other))
  },
  reset(): void {
    state.trouble = ''
    keep(nothing)
  },
}
