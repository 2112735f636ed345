/** The round that the reader is in: some questions, one at a time. It can be left and taken up again. */
import { forget, recall, remember } from '../remembered'
import type { Answer } from './question'

/** `of`: what the round is about, a chapter's id or one of all, open, due, missed. */
export type Round = { of: string; ids: string[]; given: Record<string, Answer> }

function isRound(value: unknown): value is Round {
  if (typeof value !== 'object' || value === null) return false
  const { of, ids, given } = value as Round
  const isAnswer = (one: unknown) => Number.isInteger(one) || (Array.isArray(one) && one.every(Number.isInteger))
  return (
    typeof of === 'string' &&
    Array.isArray(ids) &&
    ids.length > 0 &&
    ids.every((id) => typeof id === 'string') &&
    new Set(ids).size === ids.length &&
    typeof given === 'object' &&
    given !== null &&
    Object.values(given).every(isAnswer)
  )
}

let kept = $state.raw<Round | undefined>(recall<Round | undefined>('round', isRound, undefined, () => forget('round')))

export const round = {
  get now(): Round | undefined {
    return kept
  },
  begin(of: string, ids: string[]): void {
    kept = { of, ids, given: {} }
    remember('round', kept)
  },
  give(id: string, answer: Answer): void {
    if (!kept?.ids.includes(id)) return
    kept = { ...kept, given: { ...kept.given, [id]: answer } }
    remember('round', kept)
  },
  end(): void {
    kept = undefined
    forget('round')
  },
}
