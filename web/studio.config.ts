/** The studio: a page of its own, which the service serves. */
import { readFileSync } from 'node:fs'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { type Plugin, defineConfig } from 'vite'

/** What the studio has from the lesson as it is. */
const shared: Plugin = {
  name: 'shared',
  generateBundle() {
    for (const fileName of ['early.js', 'icon.svg']) this.emitFile({ type: 'asset', fileName, source: readFileSync(new URL(`./public/${fileName}`, import.meta.url)) })
  },
}

export default defineConfig({
  root: new URL('./studio', import.meta.url).pathname,
  base: './',
  publicDir: false,
  plugins: [svelte(), shared],
  build: {
    outDir: '../../src/sfumato/serving/site',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // a strict content policy allows no data: URLs
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { pluginTimings: false } },
  },
})
