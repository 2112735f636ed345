/** Where a glossary term is taught: in the chapter whose text marks it first. */
import type { ChapterText } from './chapters/text'
import type { ChapterId } from './quiz/question'

export function taughtIn(term: string, chapters: readonly ChapterText[]): ChapterId | undefined {
  const marked = new RegExp(`\\[\\[${term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}[\\]|]`)
  return chapters.find(({ sections }) => sections.some(({ text }) => text.some((one) => marked.test(one))))?.id as ChapterId | undefined
}
