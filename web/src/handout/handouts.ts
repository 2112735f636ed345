/** What there are handouts of: each lesson, each chapter of a lesson with several, and all of them as a book. */
import { lessons } from '../lessons'

export const BOOK = 'book'
export const handoutIds: readonly string[] = [BOOK, ...lessons.flatMap(({ id, chapters }) => [id, ...(chapters.length > 1 ? chapters : [])])]

/** The PDFs that the build has printed, by what they are of; none where it had no browser. */
export type Printed = Record<string, { pages: number; bytes: number }>
export const printed = async (): Promise<Printed> => {
  try {
    const answer = await fetch('handouts/about.json')
    return answer.ok ? ((await answer.json()) as Printed) : {}
  } catch {
    return {} // without a network: they are not kept with the lesson
  }
}
