/** Which moments of a chapter's scene its handout shows: those that its text leads to, spread over the chapter. */
import type { Chapter } from '../chapters'
import { pieces } from '../parts/prose'

const MOST_FIGURES = 4 // of a chapter

/** After which section the figure stands, and the fields of the address that set its scene. */
export type Figure = { section: number; state: Record<string, string> }

export function figuresOf({ id, sections }: Chapter): Figure[] {
  let begun = false // the first shows where the chapter begins, the others where each section arrives
  const led = sections.flatMap(({ text }, section): Figure[] => {
    const actions = text.flatMap(pieces).flatMap((piece) => (piece.kind === 'action' && piece.to.c === id ? [piece.to] : []))
    const { c, ...state } = Object.assign({}, ...(begun ? actions : actions.slice(0, 1))) as Record<string, string>
    begun ||= c !== undefined
    return c ? [{ section, state }] : []
  })
  const distinct = led.filter(({ state }, i) => led.findIndex((one) => JSON.stringify(one.state) === JSON.stringify(state)) === i)
  if (!distinct.length) return [{ section: 0, state: {} }]
  if (distinct.length <= MOST_FIGURES) return distinct
  return Array.from({ length: MOST_FIGURES }, (_, i) => distinct[Math.round((i * (distinct.length - 1)) / (MOST_FIGURES - 1))]!)
}
