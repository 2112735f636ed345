/** The pages' words as HTML: what is seen before the script has come, and all there is where it never comes. */
import katex from 'katex'
import { render } from 'svelte/server'
import App from '../src/App.svelte'
import { chapters } from '../src/chapters'
import Notices from './Notices.svelte'
import Text from './Text.svelte'

const code = import.meta.glob<string>('../../src/sfumato/lesson/code/*.py', { query: '?raw', import: 'default', eager: true })
const math = (tex: string) => katex.renderToString(tex, { output: 'mathml', displayMode: true })

export const first = () => render(Notices).body + render(App).body
export const text = () =>
  render(Text, { props: { chapters, math, code: (file: string) => code[`../../src/sfumato/lesson/code/${file}`]!.trim() } }).body
