/** `task` as often as it is called for, but one at a time: what is asked meanwhile is one more turn at the end. */
export function latest(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let again = false
  async function turns() {
    do {
      again = false
      await task()
    } while (again)
  }
  return () => {
    if (running) again = true
    else running = turns().finally(() => (running = undefined))
    return running!
  }
}
