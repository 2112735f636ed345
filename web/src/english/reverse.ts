import type { ChapterText } from '../chapters'

export const labels = { scene: 'The reverse process' }

export const text: ChapterText = { id: 'reverse', title: 'The reverse process', lead: '', minutes: 3, sections: [] }
