/** Numbers as a language writes them. A browser's own formats take a phone a tenth of a second at the first number. */
const MARKS: Record<string, readonly [decimal: string, thousands: string, apart: number]> = { de: [',', '.', 4], es: [',', '.', 5] } // `apart`: from so many digits on
const ENGLISH = ['.', ',', 4] as const

/** Between `least` and `most` decimals, the last one rounded, a half away from 0, as the digits that name the number say. */
export function written(value: number, least: number, most: number, language = 'en'): string {
  if (!Number.isFinite(value)) return String(value).replace('Infinity', '∞').replace('-', '−')
  const [decimal, thousands, apart] = MARKS[language] ?? ENGLISH
  const [mantissa, exponent] = Math.abs(value).toExponential().split('e') as [string, string]
  const digits = mantissa.replace('.', '')
  const kept = Number(exponent) + 1 + most // digits before the last decimal and with it
  const up = kept >= 0 && Number(digits[kept] ?? 0) >= 5
  const whole = BigInt(kept > 0 ? digits.slice(0, kept).padEnd(kept, '0') : 0) + BigInt(up)
  const all = String(whole).padStart(most + 1, '0')
  const front = all.slice(0, all.length - most)
  let back = all.slice(all.length - most)
  while (back.length > least && back.endsWith('0')) back = back.slice(0, -1)
  const grouped = front.length < apart ? front : front.replace(/\B(?=(\d{3})+$)/g, thousands)
  return `${value < 0 || Object.is(value, -0) ? '−' : ''}${grouped}${back && decimal + back}`
}
