import type { ChapterText } from '../chapters'

export const labels = { scene: 'The network' }

export const text: ChapterText = { id: 'network', title: 'The network', lead: '', minutes: 3, sections: [] }
