/** When a question comes back: FSRS, by `ts-fsrs`. What was missed comes back after ten minutes, the rest after days. */
import { createEmptyCard, fsrs, Rating, type Card } from 'ts-fsrs'

const scheduler = fsrs({
  request_retention: 0.9,
  maximum_interval: 365,
  enable_fuzz: false,
  learning_steps: ['10m'],
  relearning_steps: ['10m'],
})

/** What FSRS remembers of a question: plain numbers, times in milliseconds. */
export type Memory = {
  due: number
  last: number
  stability: number
  difficulty: number
  days: number
  step: number
  times: number
  lapses: number
  state: number
}

export function isMemory(value: unknown): value is Memory {
  if (typeof value !== 'object' || value === null) return false
  const memory = value as Memory
  const { due, last, stability, difficulty, days, step, times, lapses, state } = memory
  const numbers = [due, last, stability, difficulty, days, step, times, lapses, state]
  return (
    numbers.every((n) => typeof n === 'number' && Number.isFinite(n) && n >= 0) &&
    [due, last].every((time) => time <= 8.64e15) && // the last moment that a Date can hold
    difficulty >= 1 &&
    difficulty <= 10 &&
    stability >= 0.001 && // FSRS's own bounds
    stability <= 36_500 &&
    [step, times, lapses].every(Number.isInteger) &&
    [0, 1, 2, 3].includes(state)
  )
}

/** The memory after an answer at `now`. A clock that was put back counts as no time gone by. */
export function after(memory: Memory | undefined, right: boolean, now: number): Memory {
  const at = Math.max(now, memory?.last ?? 0)
  const card = memory ? opened(memory) : createEmptyCard(new Date(at))
  return closed(scheduler.next(card, new Date(at), right ? Rating.Good : Rating.Again).card, at)
}

function opened(memory: Memory): Card {
  return {
    due: new Date(memory.due),
    last_review: new Date(memory.last),
    stability: memory.stability,
    difficulty: memory.difficulty,
    elapsed_days: 0,
    scheduled_days: memory.days,
    learning_steps: memory.step,
    reps: memory.times,
    lapses: memory.lapses,
    state: memory.state,
  }
}

function closed(card: Card, at: number): Memory {
  return {
    due: card.due.getTime(),
    last: at,
    stability: card.stability,
    difficulty: card.difficulty,
    days: card.scheduled_days,
    step: card.learning_steps,
    times: card.reps,
    lapses: card.lapses,
    state: card.state,
  }
}
