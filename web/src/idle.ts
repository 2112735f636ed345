/** Words first: scenes come once they are painted, what is not asked for yet once there is nothing better to do. */
export const painted = new Promise<void>((resolve) => {
  if (import.meta.env.SSR) return
  const seen = (list: PerformanceObserverEntryList) => list.getEntriesByName('first-contentful-paint').length && resolve()
  new PerformanceObserver(seen).observe({ type: 'paint', buffered: true })
  setTimeout(resolve, 1000) // a page in the background is not painted
})
export const idle = painted.then(
  () => new Promise<void>((resolve) => ('requestIdleCallback' in window ? requestIdleCallback(() => resolve(), { timeout: 2000 }) : setTimeout(resolve, 500))),
)
