/** Numbers as the reader's language writes them. */
import { language } from './languages'

/** Made once: a phone takes milliseconds for each. */
const formats = new Map<string, Intl.NumberFormat>()
function written(value: number, least: number, most: number): string {
  const key = `${least} ${most}`
  let format = formats.get(key)
  if (!format) formats.set(key, (format = new Intl.NumberFormat(language, { minimumFractionDigits: least, maximumFractionDigits: most })))
  return format.format(value).replace('-', '−')
}
/** As many decimals as it has, and its thousands set apart. */
export const number = (value: number) => written(value, 0, 12)
export const fixed = (value: number, decimals: number) => written(value, decimals, decimals)
