/** What a chapter says, apart from its scene. */
export type Section = {
  heading: string
  text: string[]
  equations?: { tex: string; says: string }[]
  /** A file of src/sfumato/lesson/code. */
  code?: string
}
/** `short` is the title where room is scarce. */
export type ChapterText = { id: string; title: string; short?: string; lead: string; minutes: number; sections: Section[] }
