/** The chapters whose questions have all been answered. */
import { questions } from '../english/quiz'
import { progress } from './progress.svelte'
import { chapterOf, CHAPTERS, OTHERS, type ChapterId } from './question'

/** Reads the reader's answers: where it is derived from, it follows them. */
export function done(): ChapterId[] {
  const { told } = progress.now
  return [...CHAPTERS, ...OTHERS].filter((chapter) => questions.every(({ id }) => chapterOf(id) !== chapter || id in told))
}
