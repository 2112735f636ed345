/** The state of every panel, in the page's address: what is on screen can be shared, and Back goes back. */
const fields = $state<Record<string, string>>(Object.fromEntries(new URLSearchParams(location.search)))
let pending: ReturnType<typeof setTimeout> | undefined

/** While a panel is only drawn, for paper, the address says nothing of it. */
let held = false

function write(): void {
  pending = undefined
  if (held) return
  history.replaceState(null, '', address(fields))
}

/** A place on one page (its hash) is none on another. */
function address(values: Record<string, string | undefined>): string {
  const given = Object.entries(values).filter((one): one is [string, string] => one[1] !== undefined)
  const query = new URLSearchParams(given.sort(([a], [b]) => (a < b ? -1 : 1))).toString()
  return `${location.pathname}${query ? `?${query}` : ''}${values.c === shownPage() ? location.hash : ''}`
}

const shownPage = () => new URLSearchParams(location.search).get('c') ?? undefined

/** Write what is still waiting to be written (a link that is shared says what is shown now). */
export function settle(): string {
  if (pending !== undefined) {
    clearTimeout(pending)
    write()
  }
  return location.href
}

addEventListener('popstate', () => {
  const now = Object.fromEntries(new URLSearchParams(location.search))
  for (const name of Object.keys(fields)) if (!(name in now)) delete fields[name]
  Object.assign(fields, now)
})

/** Fields whose ends are so near that a value can be led there through those between, and where they are now. */
const measures = new Map<string, () => number>()
const NEAR = 10

type Plain = number | string | boolean
type Widened<T> = T extends number ? number : T extends boolean ? boolean : T

/**
 * One value kept in the address under `name`, left out while it is `fallback`. Numbers may be bounded and strings
 * limited to `allowed`: an address is typed by anyone, and what does not fit counts as not given.
 */
export function field<T extends Plain>(
  name: string,
  fallback: T,
  allowed?: readonly Widened<T>[] | { min: number; max: number },
): { value: Widened<T> } {
  function read(text: string | undefined): Plain {
    if (text === undefined) return fallback
    const value = typeof fallback === 'number' ? Number(text) : typeof fallback === 'boolean' ? text === '1' || text === '' : text
    if (typeof value === 'number' && !Number.isFinite(value)) return fallback
    if (Array.isArray(allowed)) return (allowed as readonly Plain[]).includes(value) ? value : fallback
    if (allowed && typeof value === 'number') {
      const { min, max } = allowed as { min: number; max: number }
      return Math.min(max, Math.max(min, value))
    }
    return value
  }
  if (typeof fallback === 'number' && allowed && !Array.isArray(allowed)) {
    const { min, max } = allowed as { min: number; max: number }
    if (max - min <= NEAR) measures.set(name, () => read(fields[name]) as number)
  }
  return {
    get value() {
      return read(fields[name]) as Widened<T>
    },
    set value(value: Widened<T>) {
      const text = typeof value === 'boolean' ? (value ? '1' : '0') : typeof value === 'number' ? short(value) : value
      if (value === (fallback as Plain)) delete fields[name]
      else fields[name] = text as string
      pending ??= setTimeout(write, 250)
    },
  }
}

const short = (value: number) => String(Number(value.toPrecision(6)))

/**
 * Go to a page as a link does: `go({ c: 'forward', 'forward.t': '0.4' })` keeps what other panels remember, and what is
 * undefined is forgotten.
 */
export function go(to: Record<string, string | undefined>): void {
  settle()
  for (const [name, value] of Object.entries(to)) {
    if (value === undefined) delete fields[name]
    else fields[name] = value
  }
  history.pushState(null, '', address(fields))
}

export function hold(on: boolean): void {
  held = on
}

/** Set the panels of chapter `c` as `state` says, and all else of them as it is from the start. Returns how they stood. */
export function put(c: string, state: Record<string, string>): Record<string, string> {
  const before = Object.fromEntries(Object.entries(fields).filter(([name]) => name.startsWith(`${c}.`)))
  for (const name of Object.keys(before)) delete fields[name]
  Object.assign(fields, state)
  return before
}

/** Go there as `go` does; measures take so many milliseconds for the way. The address has their ends at once. */
export function move(to: Record<string, string | undefined>, milliseconds: number): void {
  const ways = Object.entries(to).flatMap(([name, value]) => {
    const from = measures.get(name)?.()
    return milliseconds && from !== undefined && value !== undefined && (fields.c ?? to.c) === to.c ? [{ name, from, to: value, shown: short(from) }] : []
  })
  go(to)
  if (!ways.length) return
  for (const { name, shown } of ways) fields[name] = shown
  const begun = performance.now()
  const step = (now: number) => {
    const share = Math.min(1, Math.max(0, (now - begun) / milliseconds))
    const eased = share * share * (3 - 2 * share)
    for (const way of ways) {
      if (fields[way.name] !== way.shown) continue // the reader has taken it
      way.shown = share < 1 ? short(way.from + eased * (Number(way.to) - way.from)) : way.to
      fields[way.name] = way.shown
    }
    if (share < 1) requestAnimationFrame(step)
    else write()
  }
  requestAnimationFrame(step)
}

/** The address of `to`, for a real link that opens in a new tab too. */
export function href(to: Record<string, string | undefined>): string {
  return address({ ...fields, ...to })
}

/** `panel` and nothing else of its chapter: every other field of that goes back to what it is from the start. */
export function afresh(panel: { c: string } & Record<string, string>): Record<string, string | undefined> {
  const others = Object.keys(fields).filter((name) => name.startsWith(`${panel.c}.`))
  return { ...Object.fromEntries(others.map((name) => [name, undefined])), ...panel }
}
