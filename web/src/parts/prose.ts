import { words } from '../english/interface'

/** The markup of the lesson's texts: *emphasis*, **weight**, `code`, [[terms]], [[term|as it reads here]] and [actions](forward.t=0.7). */
export type Piece =
  | { kind: 'text' | 'em' | 'strong' | 'code'; text: string }
  | { kind: 'term'; text: string; term: string; closing?: string }
  | { kind: 'action'; text: string; to: Record<string, string> }

const MARKS = /\[\[([^\]|]+)(?:\|([^\]]+))?\]\]|\[([^[\]]+)\]\(([^()\s]+)\)|\*\*([^*]+)\*\*|\*([^*]+)\*|`([^`]+)`/g

/** What an action changes in the address: `forward.show=ways&forward.t=0.7`, and the chapter that these fields belong to. */
const changes = (query: string) => ({ c: query.split('.')[0]!, ...Object.fromEntries(new URLSearchParams(query)) })

export function pieces(text: string): Piece[] {
  const found: Piece[] = []
  let end = 0
  /** Text; what closes a sentence stays on the line of the term before it. */
  const push = (said: string) => {
    const before = found.at(-1)
    const closing = before?.kind === 'term' ? /^[.,;:!?)’”“»。，、；：！？）]+/.exec(said)?.[0] : undefined
    if (before?.kind === 'term' && closing) before.closing = closing
    found.push({ kind: 'text', text: said.slice(closing?.length ?? 0) })
  }
  for (const match of text.matchAll(MARKS)) {
    if (match.index > end) push(text.slice(end, match.index))
    const [all, term, shown, acting, query, strong, em, code] = match
    if (term !== undefined) found.push({ kind: 'term', text: shown ?? term, term })
    else if (query !== undefined) found.push({ kind: 'action', text: acting!, to: changes(query) })
    else if (strong !== undefined) found.push({ kind: 'strong', text: strong })
    else if (em !== undefined) found.push({ kind: 'em', text: em })
    else found.push({ kind: 'code', text: code! })
    end = match.index + all.length
  }
  if (end < text.length) push(text.slice(end))
  return found
}

/** What all the actions of a text change together, the last one's word counting. */
export function changed(text: string): Record<string, string> | undefined {
  const all = pieces(text).flatMap((piece) => (piece.kind === 'action' ? [piece.to] : []))
  return all.length ? Object.assign({}, ...all) : undefined
}

const ENDS = /(?<=[.!?]["”’“»)*\]]*)\s+|(?<=[。！？][”’）]*)(?![”’）\]])/u
const SHORT = 25 // letters: such a sentence goes with the next
/** How long a text reads: a Chinese character says as much as two letters. */
const length = (text: string) => text.length + (text.match(/\p{Script=Han}/gu)?.length ?? 0)

/** A paragraph's sentences, each with its markup whole; a very short one is read together with the one after it. */
export function sentences(text: string): string[] {
  const found: string[] = []
  for (const part of text.split(ENDS)) {
    const before = found.at(-1)
    if (before !== undefined && (length(before) < SHORT || open(before))) found[found.length - 1] = before + words.space + part
    else found.push(part)
  }
  return found.filter(Boolean)
}
/** Whether emphasis that begins in `text` ends after it. */
const open = (text: string) => text.replaceAll('**', '').split('*').length % 2 === 0 || text.split('**').length % 2 === 0
