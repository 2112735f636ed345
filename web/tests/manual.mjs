/**
 * The manual in a browser, its network cut off but for the place where the pages lie:  node tests/manual.mjs ADDRESS
 * What is found for some words, and where that leads. (A page that is left breaks off what it was fetching.)
 */
import { open, visit } from './browser.mjs'

const [address] = process.argv.slice(2)
const browser = await open({ webgl: false })
const { page, leave, problems } = await visit(browser, address)
const found = {}
for (const words of ['own sampler', 'model folder', '--keyframe', 'classifier_free']) {
  await page.goto(address)
  await page.locator('.md-search__button').click()
  await page.getByRole('combobox', { name: 'Search' }).fill(words)
  const first = page.getByRole('option').first()
  await first.waitFor()
  const title = await first.innerText()
  await first.click()
  await page.waitForURL((url) => url.href !== address)
  found[words] = { title, leads: page.url(), heading: await page.locator('h1').first().innerText() }
}
await leave()
await browser.close()
process.stdout.write(JSON.stringify({ found, problems: problems.filter((one) => !one.endsWith('net::ERR_ABORTED')) }))
