import type { ChapterText } from '../chapters'

export const labels = { scene: 'Training' }

export const text: ChapterText = { id: 'training', title: 'Training', lead: '', minutes: 2, sections: [] }
