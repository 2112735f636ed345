import { parts, type Question } from './question'

/** An order for what has none of its own: the same for the same words, so that a link or a reload shows the same page. */
export function shuffled(count: number, words: string): number[] {
  let state = 2166136261 // FNV-1a of the words, then a small generator (mulberry32)
  for (const letter of words) state = Math.imul(state ^ letter.codePointAt(0)!, 16777619)
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    const j = ((mixed ^ (mixed >>> 14)) >>> 0) % (i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}

/** As `shuffled`, but with no more than one step where it belongs, so that there is something to do. */
export function disordered(count: number, words: string): number[] {
  for (let again = 0; again < 99; again++) {
    const order = shuffled(count, `${words} ${again}`)
    if (order.filter((step, place) => step === place).length <= (count > 2 ? 1 : 0)) return order
  }
  return shuffled(count, words).reverse()
}

/** The options of `question` as they stand the nth time: places change, or the place would be learnt. */
export function arranged(question: Question, times: number): number[] {
  const count = parts(question)
  const words = `${question.id}, time ${times}`
  if (question.kind === 'order') return disordered(count, words)
  return 'options' in question && !question.ordered ? shuffled(count, words) : [...Array(count).keys()]
}
