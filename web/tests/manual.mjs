/**
 * The manual in a browser, its network cut off but for the place where the pages lie:  node tests/manual.mjs ADDRESS
 * Where the first of what is found for some words leads, and whether they are there. (A page that is left breaks off what it was fetching.)
 */
import { open, visit } from './browser.mjs'

const [address] = process.argv.slice(2)
const browser = await open({ webgl: false })
const { page, leave, problems } = await visit(browser, address)
const found = {}
for (const words of ['own sampler', 'model folder', '--upscale-with', 'classifier_free']) {
  await page.goto(address)
  await page.locator('.md-search__button').click()
  await page.getByRole('combobox', { name: 'Search' }).fill(words)
  const first = page.getByRole('option').first()
  await first.waitFor()
  await first.click()
  await page.waitForURL((url) => url.href !== address)
  const text = await page.locator('article').innerText()
  found[words] = { leads: page.url(), holds: text.toLowerCase().includes(words.toLowerCase()) }
}
await leave()
await browser.close()
process.stdout.write(JSON.stringify({ found, problems: problems.filter((one) => !one.endsWith('net::ERR_ABORTED')) }))
