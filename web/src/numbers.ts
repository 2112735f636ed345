/** Numbers as the reader's language writes them. */
import { language } from './languages'

/** With the decimals given. */
export const fixed = (value: number, decimals: number) =>
  value.toLocaleString(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: false }).replace('-', '−')
/** In full, with its thousands set apart. */
export const counted = (value: number) => value.toLocaleString(language).replace('-', '−')
