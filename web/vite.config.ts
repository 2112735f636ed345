import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { offline } from './offline/plugin.ts'
import { prerender } from './prerender/plugin.ts'

export default defineConfig({
  base: './', // any folder of any host
  plugins: [svelte(), prerender(), offline()],
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'browser', 'module', 'import', 'default'] },
  worker: { format: 'es', rolldownOptions: { checks: { pluginTimings: false } } },
  build: {
    outDir: '../src/sfumato/lesson/site',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // a strict content policy allows no data: URLs
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      checks: { pluginTimings: false },
      output: { codeSplitting: { groups: [
        { name: 'words', test: /src\/english\/\w+\.ts/, priority: 3 }, // one file, not one a chapter
        // And one of all that each page begins with: on a slow network a request costs more than its bytes. But for main.ts,
        // which waits for a translation: that needs some of these modules, and would wait for main.ts in turn.
        { name: 'first', priority: 2, tags: ['$initial'], test: /^(?!.*\/(src\/main\.ts|index\.html))/ },
        // And one of what most scenes have.
        { name: 'small', priority: 1, test: /src\/(parts\/(BrushPad|Choice|PanelError|Slider|Switch|painting)|scene\/(FlatView|flat|light|seen|sharp|tiles)|compute\/(dice|half|mlp)|numbers|pause|chapters\/sampling\/SeedPicker)\b/ },
        // And one of three.js and what is built with it.
        { name: 'space', test: /src\/scene\/(cards|points|space|stage|surface|words)\b/ },
      ] } },
    },
  },
  server: { fs: { allow: ['..'] }, headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' } },
})
