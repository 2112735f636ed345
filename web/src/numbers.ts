/** Numbers as the reader's language writes them. */
import { language } from './languages'

const written = (value: number, format: Intl.NumberFormatOptions) => value.toLocaleString(language, format).replace('-', '−')
/** As many decimals as it has, and its thousands set apart. */
export const number = (value: number) => written(value, { maximumFractionDigits: 12 })
export const fixed = (value: number, decimals: number) => written(value, { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
