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
  const sizes = new Map()
  const finished = (request) => sizes.set(request.url(), request.sizes())
  page.on('requestfinished', finished)
  await page.goto(`${address}?${query}`, { waitUntil: 'networkidle' })
  await page.waitForFunction(() => 'sfumato' in window && document.querySelector('.questions form') && !window.sfumato.busy())
  await page.waitForLoadState('networkidle')
  page.off('requestfinished', finished) // what comes later is no part of the first view
  const files = await Promise.all(sizes.values())
  const sent = ({ responseHeadersSize, responseBodySize }) => responseHeadersSize + responseBodySize
  figures[query] = { sent: files.reduce((sum, one) => sum + sent(one), 0), files: files.length }
  await leave()
}
await browser.close()
console.log(JSON.stringify(figures))
