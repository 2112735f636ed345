/** Bytes over the wire until a page stands, for each query:  node tests/first-views.mjs ADDRESS QUERY …  prints JSON. */
import { open, visit } from './browser.mjs'

const [address, ...queries] = process.argv.slice(2)
const browser = await open()
const figures = {}
for (const query of queries) {
  const { page, context, leave } = await visit(browser, 'about:blank')
  const network = await context.newCDPSession(page)
  await network.send('Network.enable')
  await network.send('Network.setCacheDisabled', { cacheDisabled: true })
  const files = new Map()
  page.on('requestfinished', async (request) => files.set(request.url(), await request.sizes()))
  await page.goto(`${address}?${query}`, { waitUntil: 'networkidle' })
  await page.waitForFunction(() => 'sfumato' in window && document.querySelector('.questions form') && !window.sfumato.busy())
  await page.waitForLoadState('networkidle')
  const sent = ({ responseHeadersSize, responseBodySize }) => responseHeadersSize + responseBodySize
  figures[query] = { sent: [...files.values()].reduce((sum, one) => sum + sent(one), 0), files: files.size }
  await leave()
}
await browser.close()
console.log(JSON.stringify(figures))
