/** Numbers as the reader's language writes them. */
import { language } from './languages'
import { written } from './written'

/** As many decimals as it has, and its thousands set apart. */
export const number = (value: number) => written(value, 0, 12, language)
export const fixed = (value: number, decimals: number) => written(value, decimals, decimals, language)
