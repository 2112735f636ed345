/**
 * Print the lessons of the built pages on paper, as PDFs:  node handouts.mjs SITE OUT [NAME …]
 * PAPER=Letter for another paper than A4. Without a Chromium it says so, and the pages lead to those to print.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createServer, preview } from 'vite'
import { CHROMIUM, open, visit } from './tests/browser.mjs'

const [site, folder, ...asked] = process.argv.slice(2)
if (!CHROMIUM || !existsSync(CHROMIUM)) {
  console.log('No Chromium is here (set CHROMIUM to where one is): the handouts are pages to print, without PDFs.')
  process.exit()
}
const vite = await createServer({ appType: 'custom', logLevel: 'error', server: { middlewareMode: true, hmr: false, ws: false }, optimizeDeps: { noDiscovery: true } })
Object.assign(globalThis, { location: { search: '', href: 'http://localhost/' }, addEventListener() {}, matchMedia: () => ({ matches: false, addEventListener() {} }) })
const { handoutIds } = await vite.ssrLoadModule('/src/handout/handouts.ts')
await vite.close()
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' } // threads for networks
const serving = await preview({ configFile: false, appType: 'mpa', logLevel: 'error', base: './', build: { outDir: resolve(site) }, preview: { port: 0, host: '127.0.0.1', headers } })
const { port } = serving.httpServer.address()
const browser = await open()
mkdirSync(folder, { recursive: true })
const about = join(folder, 'about.json')
const told = existsSync(about) ? JSON.parse(readFileSync(about, 'utf8')) : {}
const options = { viewport: { width: 1000, height: 1100 }, deviceScaleFactor: 1.5, reducedMotion: 'reduce' }
for (const name of asked.length ? asked : handoutIds) {
  const begun = Date.now()
  const { page, problems, leave } = await visit(browser, `http://127.0.0.1:${port}/?c=handout&of=${name}`, options)
  await page.waitForSelector('article[data-ready]', { timeout: 3_600_000 }) // the book takes ten minutes, and longer where others work beside it
  const file = join(folder, `${name}.pdf`)
  await page.pdf({ path: file, format: process.env.PAPER ?? 'A4', preferCSSPageSize: false, tagged: true, outline: true, printBackground: true })
  if (problems.length) throw new Error(`${name}: ${problems.join('; ')}`)
  const pages = readFileSync(file, 'latin1').match(/\/Type \/Page\b(?!s)/g)?.length ?? 0
  told[name] = { pages, bytes: statSync(file).size }
  console.log(`${name}.pdf: ${pages} pages, ${(told[name].bytes / 1e6).toFixed(2)} MB, ${((Date.now() - begun) / 1000).toFixed(0)} s`)
  await leave()
}
writeFileSync(about, `${JSON.stringify(told)}\n`)
await browser.close()
await serving.close()
process.exit()
