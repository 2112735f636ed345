/** Once somebody is there, or once the page has had its time to come to rest: what can wait until then does. */
import { idle } from './idle'

const SIGNS = ['pointermove', 'pointerdown', 'wheel', 'touchstart', 'scroll', 'keydown', 'focusin'] as const
const REST = 3500 // milliseconds

/** A graphics card, or what stands in for one on a phone, stops the page for half a second: not while that is being built. */
export const awake = new Promise<void>((resolve) => {
  if (import.meta.env.SSR) return
  const wake = () => {
    for (const sign of SIGNS) removeEventListener(sign, wake, true)
    setTimeout(resolve) // what was pressed comes first
  }
  for (const sign of SIGNS) addEventListener(sign, wake, { capture: true, passive: true })
  void idle.then(() => setTimeout(wake, REST))
})
