import type { ChapterText } from '../chapters'

export const labels = { scene: 'Sampling' }

export const text: ChapterText = { id: 'sampling', title: 'Sampling', lead: '', minutes: 3, sections: [] }
