/** An equation as MathML. Browsers draw no letter as double-struck or script by a mark on it: they take the letter itself. */
import katex from 'katex'

const LETTERS: Record<string, string> = { 'double-struck E': '𝔼', 'double-struck R': 'ℝ', 'script N': '𝒩', 'script L': 'ℒ' }

export const mathml = (tex: string): string =>
  katex
    .renderToString(tex, { output: 'mathml', displayMode: true })
    .replace(/<mi mathvariant="(double-struck|script)">(\w)<\/mi>/g, (all, kind: string, letter: string) => {
      const drawn = LETTERS[`${kind} ${letter}`]
      return drawn ? `<mi mathvariant="normal">${drawn}</mi>` : all
    })
