/** How the reader likes it: kept in the browser, not in the address (except presenting, which a link can ask for). */
import { flushSync } from 'svelte'
import { recall, remember } from './remembered'
import { field } from './state.svelte'

type Theme = 'system' | 'light' | 'dark'
type Direction = 'data' | 'noise'
type Kept = { theme: Theme; still: boolean | null; from: Direction; equations: boolean; code: boolean }

const usual: Kept = { theme: 'system', still: null, from: 'data', equations: false, code: false }

function fits(value: unknown): value is Kept {
  const kept = value as Kept
  return (
    typeof value === 'object' &&
    value !== null &&
    ['system', 'light', 'dark'].includes(kept.theme) &&
    [true, false, null].includes(kept.still) &&
    ['data', 'noise'].includes(kept.from) &&
    typeof kept.equations === 'boolean' &&
    typeof kept.code === 'boolean'
  )
}

const kept = $state<Kept>(recall('settings', fits, { ...usual }))
const dark = matchMedia('(prefers-color-scheme: dark)')
const calm = matchMedia('(prefers-reduced-motion: reduce)')
const system = $state({ dark: dark.matches, calm: calm.matches })
dark.addEventListener('change', () => (system.dark = dark.matches))
calm.addEventListener('change', () => (system.calm = calm.matches))
const presenting = field('present', false)
const alone = field('alone', false)
const paper = $state({ on: false, page: false }) // which is light: what is drawn is drawn so before it is printed
for (const [event, on] of [['beforeprint', true], ['afterprint', false]] as const)
  addEventListener(event, () => {
    paper.on = on
    document.documentElement.dataset.theme = settings.shown
    flushSync()
  })

export const settings = {
  get theme() {
    return kept.theme
  },
  set theme(theme: Theme) {
    kept.theme = theme
    remember('settings', kept)
  },
  /** The theme that shows. */
  get shown(): 'light' | 'dark' {
    if (paper.on || paper.page) return 'light'
    return kept.theme === 'system' ? (system.dark ? 'dark' : 'light') : kept.theme
  },
  /** The page is a sheet of paper: light, at rest, and nobody is there to press what begins a scene. */
  get onPaper() {
    return paper.page
  },
  set onPaper(on: boolean) {
    paper.page = on
  },
  /** Nothing moves by itself. */
  get still() {
    return paper.page || (kept.still ?? system.calm)
  },
  set still(still: boolean) {
    kept.still = still
    remember('settings', kept)
  },
  /** Whether t counts from the data (t = 1 is noise) or from the noise (t = 1 is data). */
  get from() {
    return kept.from
  },
  set from(from: Direction) {
    kept.from = from
    remember('settings', kept)
  },
  get equations() {
    return kept.equations
  },
  set equations(shown: boolean) {
    kept.equations = shown
    remember('settings', kept)
  },
  get code() {
    return kept.code
  },
  set code(shown: boolean) {
    kept.code = shown
    remember('settings', kept)
  },
  /** A scene stands in its window by itself. */
  get alone() {
    return alone.value
  },
  get presenting() {
    return presenting.value
  },
  set presenting(on: boolean) {
    presenting.value = on
  },
}

/** t as the reader counts it, from t with 0 at the data. */
export const shownTime = (t: number) => (settings.from === 'data' ? t : 1 - t)
