/**
 * Take pictures of the lesson to look at:  node tests/look.mjs ADDRESS OUT [query …]
 * Each query ("c=idea&idea.t=0.5") at 360, 1280 and 2560 px (or WIDTHS=1280), light, and dark with THEME=dark.
 */
import { mkdirSync } from 'node:fs'
import { open, visit } from './browser.mjs'

const [address, out, ...queries] = process.argv.slice(2)
const widths = (process.env.WIDTHS ?? '360,1280,2560').split(',').map(Number)
mkdirSync(out, { recursive: true })
const browser = await open()
for (const query of queries.length ? queries : ['c=idea'])
  for (const width of widths) {
    const height = width < 500 ? 780 : width > 2000 ? 1440 : 860
    const { page, leave, problems } = await visit(browser, `${address}?${query}`, {
      viewport: { width, height },
      colorScheme: process.env.THEME === 'dark' ? 'dark' : 'light',
      reducedMotion: process.env.MOTION ? 'no-preference' : 'reduce',
    })
    await page.waitForTimeout(Number(process.env.WAIT ?? 3000))
    const name = `${out}/${query.replace(/[^\w.-]+/g, '_')}-${width}${process.env.THEME === 'dark' ? '-dark' : ''}.png`
    await page.screenshot({ path: name, fullPage: Boolean(process.env.FULL) })
    console.log(name, problems.length ? problems : 'no problems')
    await leave()
  }
await browser.close()
