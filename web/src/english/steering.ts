import type { ChapterText } from '../chapters'

export const labels = { scene: 'Steering' }

export const text: ChapterText = { id: 'steering', title: 'Steering', lead: '', minutes: 2, sections: [] }
