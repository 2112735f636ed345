import type { Chapter } from '../../chapters'
import { text } from './text'

export const chapters: readonly Chapter[] = [{ ...text, scene: () => import('./Scene.svelte') }]
