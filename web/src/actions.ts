/** Sentences that move the panel: an action is a change of the address, and the controls that it moved are lit up. */
import { tick } from 'svelte'
import { settings } from './settings.svelte'
import { move } from './state.svelte'

const LIT = 2400 // milliseconds

export function act(to: Record<string, string | undefined>): void {
  const before = new Map(controls().map((one) => [one, stands(one)]))
  move(to, settings.still ? 0 : 800)
  void tick().then(() => requestAnimationFrame(() => requestAnimationFrame(() => light(before))))
}

const controls = () => [...document.querySelectorAll<HTMLElement>('.panel [data-control]')]

/** What a link in the text does; where nothing of the panel stays beside the words, as on a phone, it is gone to. */
export async function follow(to: Record<string, string | undefined>): Promise<void> {
  act(to)
  await tick()
  const panel = document.querySelector<HTMLElement>('.panel')
  const seen = panel && seenOf(panel)
  if (seen && seen.getBoundingClientRect().bottom < 0) seen.scrollIntoView({ block: 'start', behavior: settings.still ? 'instant' : 'smooth' })
}

/** What is scrolled to where the panel is to be seen; a panel around which the text flows has no box of its own. */
export function seenOf(panel: HTMLElement): HTMLElement | null {
  if (getComputedStyle(panel).display !== 'contents') return panel
  return panel.querySelector<HTMLElement>('.stays') ?? panel.querySelector<HTMLElement>('.views')
}

/** What a control is set to. */
function stands(control: HTMLElement): string {
  if (control instanceof HTMLInputElement) return control.type === 'checkbox' ? String(control.checked) : control.value
  if (control instanceof HTMLSelectElement) return control.value
  return control.querySelector<HTMLInputElement>('input:checked')?.value ?? control.getAttribute('aria-pressed') ?? ''
}

function light(before: Map<HTMLElement, string>): void {
  const moved = controls().filter((one) => before.has(one) && before.get(one) !== stands(one))
  for (const one of moved) {
    const around = one.closest<HTMLElement>('.slider, label') ?? one
    around.dataset.lit = ''
    setTimeout(() => delete around.dataset.lit, LIT)
  }
  const [first] = moved
  const panel = first?.closest<HTMLElement>('.panel')
  if (!first || !panel || panel.scrollHeight <= panel.clientHeight) return
  const result = panel.querySelector<HTMLElement>('[data-result]')
  if (result && getComputedStyle(panel).position === 'sticky') return raise(result, panel)
  // Where the panel scrolls by itself, show the control below what stays.
  const [box, inside] = [first.getBoundingClientRect(), panel.getBoundingClientRect()]
  const held = panel.querySelector('.stays')
  if (held?.contains(first)) return
  const top = Math.max(inside.top, held ? held.getBoundingClientRect().bottom : 0)
  if (box.top < top || box.bottom > inside.bottom) panel.scrollBy({ top: box.bottom > inside.bottom ? box.bottom - inside.bottom + 12 : box.top - top - 12 })
}

/** Scroll so far that what a link asked for is above the screen's foot: the page until the panel is at its head, then the panel. */
function raise(result: HTMLElement, panel: HTMLElement): void {
  const [box, inside] = [result.getBoundingClientRect(), panel.getBoundingClientRect()]
  const hidden = box.bottom + 12 - Math.min(inside.bottom, innerHeight)
  if (hidden <= 0) return
  const up = Math.min(hidden, Math.max(0, inside.top - parseFloat(getComputedStyle(panel).top)))
  scrollBy({ top: up })
  panel.scrollBy({ top: box.bottom + 12 - up - Math.min(inside.bottom - up, innerHeight) })
}
