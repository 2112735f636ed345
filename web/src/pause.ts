/** Lets the page draw, and answer its reader, before what comes next: a phone takes four times as long for it. */
export const pause = () => new Promise<void>((resolve) => setTimeout(resolve))
