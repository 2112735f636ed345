/** A still of a live scene: its own elements, with what was drawn on their canvases, and nothing to press. */
import { mount, unmount } from 'svelte'
import type { Chapter } from '../chapters'
import { busy } from '../compute/engine'
import { words } from '../english/interface'
import { hold, put } from '../state.svelte'

const REST = 900 // milliseconds without a change, after which a scene is taken as drawn
const LOOK = 100
const TALL = 700 // pixels
const PATIENCE = 120_000
const PICTURED = 20_000 // after which a scene without a picture has none
/** What a scene has for its reader alone. */
const LIVE = '.screen, .hidden, .measured, details, button, input, select, textarea, [data-control]'

/** Draw `chapter`'s scene in `place`, set as `state` says, with its key where it is `keyed`; then a still of it stands there. Returns what it says of itself. */
export async function drawStill(chapter: Chapter, { state, keyed }: { state: Record<string, string>; keyed: boolean }, place: HTMLElement, left: () => boolean): Promise<string> {
  const { default: Scene } = await chapter.scene()
  if (left()) return ''
  hold(true)
  const before = put(chapter.id, state)
  const host = document.createElement('div')
  place.append(host)
  const scene = mount(Scene, { target: host })
  try {
    await atRest(host, left)
    if (left()) return ''
    const broken = host.querySelector('[role=alert]')?.textContent
    if (broken) throw new Error(`${chapter.id}: ${broken}`)
    dispatchEvent(new Event('beforeprint')) // what a graphics card draws is copied then
    const says = host.querySelector('[data-scene] > .hidden')?.textContent?.replace(words.keys, '').trim() ?? ''
    const copy = still(host)
    dispatchEvent(new Event('afterprint'))
    if (!keyed) copy?.querySelector('.key')?.remove()
    if (copy) place.append(...copy.childNodes)
    host.remove()
    shorten(place)
    return copy ? says : ''
  } finally {
    await unmount(scene)
    host.remove()
    put(chapter.id, before)
    hold(false)
  }
}

/** A figure is a part of its page: what stands last below the scene goes first. */
function shorten(place: HTMLElement): void {
  while (place.offsetHeight > TALL) {
    const last = [...place.querySelectorAll('.controls > *')].at(-1)
    if (!last) return
    last.remove()
  }
}

async function atRest(host: HTMLElement, left: () => boolean): Promise<void> {
  const begun = performance.now()
  let [seen, since] = ['', begun]
  while (performance.now() - since < REST && performance.now() - begun < PATIENCE && !left()) {
    await new Promise((resolve) => setTimeout(resolve, LOOK))
    const pictured = host.querySelector('canvas, svg, img') || performance.now() - begun > PICTURED
    const waits = [words.computing, words.loading].some((said) => host.textContent?.includes(said))
    const now = busy() || !pictured || waits ? '' : host.innerHTML
    if (!now || now !== seen) [seen, since] = [now, performance.now()]
  }
}

/** Undefined where there is nothing to see: words alone. */
function still(host: HTMLElement): HTMLElement | undefined {
  const copy = host.cloneNode(true) as HTMLElement
  const drawn = [...host.querySelectorAll('canvas')]
  for (const [i, canvas] of [...copy.querySelectorAll('canvas')].entries()) {
    const { width, height } = drawn[i]!
    if (!width || !height || (drawn[i]!.parentElement?.querySelector('canvas.paper') ?? drawn[i]) !== drawn[i]) canvas.remove()
    else {
      ;[canvas.width, canvas.height] = [width, height]
      canvas.getContext('2d')?.drawImage(drawn[i]!, 0, 0)
    }
  }
  const boxes = [...host.querySelectorAll<HTMLElement>('.view')].map((view) => view.getBoundingClientRect().height)
  for (const [i, view] of [...copy.querySelectorAll<HTMLElement>('.view')].entries()) view.style.height = `${boxes[i]}px`
  for (const live of copy.querySelectorAll(LIVE)) if (live.matches('.hidden, .screen') || !(live.matches('canvas') || live.querySelector('canvas, svg, img'))) live.remove()
  for (const one of copy.querySelectorAll('*'))
    for (const { name } of [...one.attributes]) if (/^(id|role|tabindex|name|for|href|aria-.*|data-(?!kind).*)$/.test(name)) one.removeAttribute(name)
  return copy.querySelector('canvas, svg, img') ? copy : undefined
}
