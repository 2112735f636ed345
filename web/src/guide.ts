/** The sentence that the guide has come to, from 1; 0: it is not asked for. */
import { field } from './state.svelte'

export const guide = field('guide', 0, { min: 0, max: 999 })
