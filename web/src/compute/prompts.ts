/**
 * Prompts as numbers, as Python reads them (sfumato/data/tokens.py, the package `tokenizers`): byte-pair encoding by the
 * tokenizer that lies beside the network.
 */
type TokenizerFile = {
  added_tokens: { id: number; content: string }[]
  model: { vocab: Record<string, number>; merges: [string, string][]; unk_token: string | null; byte_fallback: boolean }
}
/** A word as it stands in the prompt, in lower case, and the pieces by which the model knows it; `undefined`: it doesn't. */
export type Word = { text: string; pieces: { text: string; id: number | undefined }[] }

const SPACE = '▁' // stands for a space, so that a word's beginning is part of it
const PUNCTUATION = /([\p{P}$+<=>^`|~])/u

export class Tokenizer {
  private readonly ids: Map<string, number>
  private readonly ranks: Map<string, number>
  private readonly added: Map<string, number>
  private readonly split: RegExp
  private readonly unknown: number
  private readonly bytes: boolean // what no piece spells is spelt by its bytes

  constructor({ model, added_tokens }: TokenizerFile) {
    this.ids = new Map(Object.entries(model.vocab))
    this.ranks = new Map(model.merges.map((pair, rank) => [pair.join(' '), rank]))
    this.added = new Map(added_tokens.map(({ content, id }) => [content, id]))
    this.bytes = model.byte_fallback
    this.split = new RegExp(!added_tokens.length ? '(?!)' : `(${added_tokens.map(({ content }) => content.replace(/\W/g, '\\$&')).join('|')})`)
    this.unknown = this.ids.get(model.unk_token ?? '')!
  }

  words(text: string): Word[] {
    return text.split(this.split).flatMap((part) => {
      const id = this.added.get(part)
      if (id !== undefined) return [{ text: part, pieces: [{ text: part, id: id === this.unknown ? undefined : id }] }]
      if (this.bytes) return parted(part).map((word) => ({ text: word.trim(), pieces: this.pieces(word) }))
      return separate(part).map((word) => ({ text: word.replaceAll(SPACE, ''), pieces: this.pieces(word) }))
    })
  }

  /** The first `length` tokens of each text in a row, 0 after its end; an empty one is all 0. */
  tokens(texts: readonly string[], length: number): BigInt64Array {
    const all = new BigInt64Array(texts.length * length)
    for (const [row, text] of texts.entries()) {
      const ids = text.trim() ? this.words(text).flatMap(({ pieces }) => pieces.map(({ id }) => id ?? this.unknown)) : []
      all.set(ids.slice(0, length).map(BigInt), row * length)
    }
    return all
  }

  private pieces(word: string): Word['pieces'] {
    const parts: { text: string; id: number | undefined }[] = []
    for (const character of word) {
      const id = this.ids.get(character)
      if (id === undefined && this.bytes) {
        for (const byte of new TextEncoder().encode(character)) {
          const text = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
          parts.push({ text, id: this.ids.get(text) })
        }
      } else if (id === undefined && parts.length && parts.at(-1)!.id === undefined) parts.at(-1)!.text += character
      else parts.push({ text: character, id })
    }
    const rank = (i: number) => {
      const [a, b] = [parts[i], parts[i + 1]]
      return a?.id === undefined || b?.id === undefined ? Infinity : (this.ranks.get(`${a.text} ${b.text}`) ?? Infinity)
    }
    for (;;) {
      // The pair that was learnt first goes first, wherever it stands; a merge may bring one that was learnt earlier still.
      let best = Infinity
      for (let i = 0; i + 1 < parts.length; i++) best = Math.min(best, rank(i))
      if (best === Infinity) return parts
      for (let i = 0; i + 1 < parts.length; i++) {
        if (rank(i) !== best) continue
        const text = parts[i]!.text + parts[i + 1]!.text
        parts.splice(i, 2, { text, id: this.ids.get(text) })
        if (rank(i - 1) < best || rank(i) < best) break
      }
    }
  }
}

/** Lower case without accents, parted before every space and on both sides of every mark of punctuation. */
function separate(text: string): string[] {
  if (!text) return []
  const bare = text.normalize('NFKD').replace(/\p{M}/gu, '')
  const low = Array.from(bare, (character) => character.toLowerCase()).join('').replaceAll(' ', SPACE)
  const begun = low.startsWith(SPACE) || !low ? low : SPACE + low
  return begun.split(/(?=▁)/u).flatMap((word) => word.split(PUNCTUATION)).filter(Boolean)
}

/** As it is written, parted before a space and about punctuation, which takes the space before it along. */
function parted(text: string): string[] {
  return text ? (` ${text.normalize('NFC')}`.match(/ ?[\p{P}$+<=>^`|~]| ?[^\s\p{P}$+<=>^`|~]+|\s/gu) ?? []) : []
}
