/** After a build: the words of the first chapter into index.html, and those of all chapters into text.html. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { build, type Plugin } from 'vite'

/** What the pages' modules ask of a browser as they load: they are drawn as at first sight. */
const browser = { location: { search: '', pathname: '', hash: '' }, addEventListener() {}, matchMedia: () => ({ matches: false, addEventListener() {} }) }

export function prerender(): Plugin {
  let folder = ''
  let root = ''
  return {
    name: 'prerender',
    apply: 'build',
    configResolved(config) {
      root = config.root
      folder = resolve(config.root, config.build.outDir)
    },
    closeBundle: {
      order: 'pre',
      sequential: true,
      async handler() {
        const made = join(root, 'node_modules', '.prerender')
        await build({
          root,
          configFile: false,
          logLevel: 'error',
          publicDir: false,
          plugins: [svelte({ emitCss: false })],
          ssr: { noExternal: true },
          build: { ssr: 'prerender/entry.ts', outDir: made, emptyOutDir: true, target: 'es2022', rolldownOptions: { checks: { pluginTimings: false } } },
        })
        Object.assign(globalThis, browser)
        const { first, text } = (await import(`${pathToFileURL(join(made, 'entry.js')).href}?${Date.now()}`)) as Record<'first' | 'text', () => string>
        rmSync(made, { recursive: true })
        const written = readFileSync(join(folder, 'index.html'), 'utf8')
        const page = written.replaceAll('<link rel="stylesheet" crossorigin', '<link rel="stylesheet"') // or a page opened as a file has no look
        writeFileSync(join(folder, 'index.html'), page.replace('<div id="app"></div>', () => `<div id="app">${first()}</div>`))
        const head = page.slice(0, page.indexOf('<body>')).replace(/\s*<(?:script type="module"|link rel="modulepreload").*/g, '')
        writeFileSync(join(folder, 'text.html'), `${head}<body>\n${text()}\n</body>\n</html>\n`)
      },
    },
  }
}
