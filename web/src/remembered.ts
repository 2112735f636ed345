/** What the browser keeps between visits. Storage may be full, refused or damaged: the page works all the same. */
export function remember(name: string, value: unknown): boolean {
  try {
    localStorage.setItem(`sfumato.${name}`, JSON.stringify(value))
    return true
  } catch {
    return false
  }
}

/** What was kept under `name` if `fits` accepts it; else `fallback`, and `damaged()` is told. */
export function recall<T>(name: string, fits: (value: unknown) => value is T, fallback: T, damaged?: () => void): T {
  try {
    const text = localStorage.getItem(`sfumato.${name}`)
    if (text === null) return fallback
    const value: unknown = JSON.parse(text)
    if (fits(value)) return value
  } catch {
    // unreadable: told below
  }
  damaged?.()
  return fallback
}

/** Move what is kept under `name` out of the way, unread: it can still be looked at by hand. */
export function setAside(name: string): void {
  try {
    localStorage.setItem(`sfumato.${name}.damaged`, localStorage.getItem(`sfumato.${name}`) ?? '')
    localStorage.removeItem(`sfumato.${name}`)
  } catch {
    // then it stays where it is
  }
}

export function forget(name: string): void {
  try {
    localStorage.removeItem(`sfumato.${name}`)
  } catch {
    // nothing was kept
  }
}
