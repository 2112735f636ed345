/**
 * The lessons: what each needs and which chapters it has. The first is there at once; the others are fetched when they are
 * opened. A lesson that is not translated says so: what is translated of it is its title and what it is about.
 */
import { type Chapter, chapters } from '../chapters'
import { course } from '../english/course'

export type LessonId = keyof typeof course.of
export type Lesson = {
  id: LessonId
  /** The chapters' ids, in order. */
  chapters: readonly string[]
  minutes: number
  needs: readonly LessonId[]
  /** Its texts are there in English only. */
  english?: true
  open: () => Promise<readonly Chapter[]>
}

export const lessons: readonly Lesson[] = [
  {
    id: 'diffusion',
    chapters: chapters.map(({ id }) => id),
    minutes: chapters.reduce((total, { minutes }) => total + minutes, 0),
    needs: ['numbers'],
    open: async () => chapters,
  },
  { id: 'numbers', chapters: ['numbers'], minutes: 8, needs: [], english: true, open: async () => (await import('./numbers')).chapters },
  { id: 'gan', chapters: ['gan'], minutes: 12, needs: ['numbers'], english: true, open: async () => (await import('./gan')).chapters },
  { id: 'vae', chapters: ['vae'], minutes: 12, needs: ['numbers'], english: true, open: async () => (await import('./vae')).chapters },
  { id: 'pixels', chapters: ['pixels'], minutes: 12, needs: ['numbers'], english: true, open: async () => (await import('./pixels')).chapters },
  { id: 'evaluation', chapters: ['evaluation'], minutes: 12, needs: ['numbers'], english: true, open: async () => (await import('./evaluation')).chapters },
  { id: 'flow', chapters: ['flow'], minutes: 12, needs: ['diffusion'], english: true, open: async () => (await import('./flow')).chapters },
  { id: 'latent', chapters: ['latent'], minutes: 12, needs: ['diffusion'], english: true, open: async () => (await import('./latent')).chapters },
  { id: 'video', chapters: ['video'], minutes: 12, needs: ['diffusion'], english: true, open: async () => (await import('./video')).chapters },
  { id: 'few', chapters: ['few'], minutes: 12, needs: ['diffusion', 'flow'], english: true, open: async () => (await import('./few')).chapters },
]

/** How many lessons come before it, one needing the other. */
export const depth = (lesson: Lesson): number => Math.max(0, ...lesson.needs.map((id) => 1 + depth(lessons.find((one) => one.id === id)!)))
export const lessonOf = (chapter: string) => lessons.find(({ chapters }) => chapters.includes(chapter))
/** What a chapter is called: one that is a lesson by itself, as that is. */
export function titleOf(chapter: string): string {
  const lesson = lessonOf(chapter)
  return chapters.find(({ id }) => id === chapter)?.title ?? (lesson ? course.of[lesson.id].title : '')
}
/** A chapter with its texts and its scene. */
export async function fetchChapter(id: string): Promise<Chapter | undefined> {
  return (await lessonOf(id)?.open())?.find((one) => one.id === id)
}
