/** What a heading or a term is called in an address. */
export const anchor = (name: string, within: string) =>
  `${within}-${name.toLowerCase().replace(/[^\p{Letter}\p{Number}]+/gu, '-').replace(/^-|-$/g, '')}`
