/** What has been answered: the shape in which it is kept, handed out and taken in again. */
import { chapterOf, CHAPTERS, isRight, type Answer, type ChapterId, type Question } from './question'
import { after, isMemory, type Memory } from './schedule'

export type Told = { right: boolean; at: number; times: number; memory: Memory }
export type Progress = { version: 1; told: Readonly<Record<string, Told>> }
export const PASS = 0.8

export const nothing: Progress = { version: 1, told: {} }

export function isProgress(value: unknown): value is Progress {
  if (typeof value !== 'object' || value === null || (value as Progress).version !== 1) return false
  const { told } = value as Progress
  if (typeof told !== 'object' || told === null || Array.isArray(told)) return false
  return Object.values(told as Record<string, unknown>).every((one) => {
    if (typeof one !== 'object' || one === null) return false
    const { right, at, times, memory } = one as Told
    return (
      typeof right === 'boolean' &&
      Number.isFinite(at) &&
      at >= 0 &&
      at <= 8.64e15 &&
      Number.isInteger(times) &&
      times > 0 &&
      isMemory(memory)
    )
  })
}

/** `progress` with one more answer in it. */
export function answered(progress: Progress, question: Question, answer: Answer, now: number): Progress {
  const before = progress.told[question.id]
  const right = isRight(question, answer)
  const told: Told = { right, at: now, times: (before?.times ?? 0) + 1, memory: after(before?.memory, right, now) }
  return { version: 1, told: { ...progress.told, [question.id]: told } }
}

/** Both together: of a question that both know, the later answer. */
export function merged(one: Progress, other: Progress): Progress {
  const told = { ...one.told }
  for (const [id, theirs] of Object.entries(other.told)) if (!(told[id] && told[id].at >= theirs.at)) told[id] = theirs
  return { version: 1, told }
}

export type Score = { total: number; answered: number; right: number; missed: number }

export function score(progress: Progress, questions: readonly Question[]): Score {
  const told = questions.map((question) => progress.told[question.id]).filter((one) => one !== undefined)
  const right = told.filter((one) => one.right).length
  return { total: questions.length, answered: told.length, right, missed: told.length - right }
}

/** What has been asked before and wants asking again, longest due first. */
export function due(progress: Progress, questions: readonly Question[], now: number): Question[] {
  const at = (question: Question) => progress.told[question.id]?.memory.due ?? Infinity
  return questions.filter((question) => at(question) <= now).sort((a, b) => at(a) - at(b))
}

/** What stands between the reader and the certificate: chapters with questions not yet answered, and right ones wanting. */
export function standing(progress: Progress, questions: readonly Question[]) {
  const { total, right } = score(progress, questions)
  const needed = Math.ceil(PASS * total)
  const open = CHAPTERS.map((chapter): { chapter: ChapterId; open: number } => {
    const { total, answered } = score(progress, questions.filter(({ id }) => chapterOf(id) === chapter))
    return { chapter, open: total - answered }
  }).filter(({ open }) => open > 0)
  const last = Math.max(0, ...questions.map(({ id }) => progress.told[id]?.at ?? 0))
  return { passed: total > 0 && open.length === 0 && right >= needed, total, right, needed, open, last }
}

/** The text of a file to keep, and back from it: undefined where it is no such file. */
export const written = (progress: Progress) => `${JSON.stringify({ lesson: 'sfumato', ...progress }, null, 1)}\n`

export function read(text: string): Progress | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isProgress(value) && (value as { lesson?: unknown }).lesson === 'sfumato'
      ? { version: 1, told: value.told }
      : undefined
  } catch {
    return undefined
  }
}
