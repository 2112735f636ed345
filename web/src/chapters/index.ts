import type { Component } from 'svelte'
import { text as forward } from '../english/forward'
import { text as idea } from '../english/idea'
import { text as network } from '../english/network'
import { text as reverse } from '../english/reverse'
import { text as sampling } from '../english/sampling'
import { text as steering } from '../english/steering'
import { text as training } from '../english/training'
import { text as world } from '../english/world'
import type { ChapterText } from './text'

export type Chapter = ChapterText & { scene: () => Promise<{ default: Component }> }

export const chapters: Chapter[] = [
  { ...idea, scene: () => import('./Idea.svelte') },
  { ...forward, scene: () => import('./Forward.svelte') },
  { ...reverse, scene: () => import('./Reverse.svelte') },
  { ...network, scene: () => import('./Network.svelte') },
  { ...training, scene: () => import('./Training.svelte') },
  { ...sampling, scene: () => import('./Sampling.svelte') },
  { ...steering, scene: () => import('./Steering.svelte') },
  { ...world, scene: () => import('./World.svelte') },
]
