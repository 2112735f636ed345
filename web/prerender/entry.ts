/** The pages' words as HTML: what is seen before the script has come, and all there is where it never comes. */
import { render } from 'svelte/server'
import App from '../src/App.svelte'
import { chapters } from '../src/chapters'
import { chapters as evaluation } from '../src/lessons/evaluation'
import { chapters as flow } from '../src/lessons/flow'
import { chapters as numbers } from '../src/lessons/numbers'
import { chapters as pixels } from '../src/lessons/pixels'
import { chapters as vae } from '../src/lessons/vae'
import { chapters as gan } from '../src/lessons/gan'
import { chapters as video } from '../src/lessons/video'
import { chapters as latent } from '../src/lessons/latent'
import { chapters as few } from '../src/lessons/few'
import { mathml } from '../src/parts/math'
import Notices from './Notices.svelte'
import Text from './Text.svelte'

const code = import.meta.glob<string>('../../src/sfumato/lesson/code/*.{py,txt}', { query: '?raw', import: 'default', eager: true })

export const first = () => render(Notices).body + render(App).body
export const text = () =>
  render(Text, { props: { chapters: [...chapters, ...numbers, ...gan, ...flow, ...evaluation, ...vae, ...pixels, ...video, ...latent, ...few], math: mathml, code: (file: string) => code[`../../src/sfumato/lesson/code/${file}`]!.trimEnd() } }).body
