import type { ChapterText } from '../chapters'

export const labels = { scene: 'The forward process' }

export const text: ChapterText = { id: 'forward', title: 'The forward process', lead: '', minutes: 3, sections: [] }
