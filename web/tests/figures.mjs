/** How fast digits are drawn and points step:  node tests/figures.mjs ADDRESS  prints JSON. */
import { open, visit } from './browser.mjs'

const address = process.argv[2]
const browser = await open({ short: false })
const figures = {}
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
const ready = (page) => page.waitForFunction(() => 'sfumato' in window && document.querySelector('.questions form') && !window.sfumato.busy())

/** Twenty calls, of ten guided steps, for so many digits together; the first walk of all loads the model and counts apart. */
{
  const { page, leave } = await visit(browser, `${address}?c=glossary`)
  await page.waitForFunction(() => 'sfumato' in window)
  const draw = (count) =>
    page.evaluate(async (count) => {
      const { programs } = await window.sfumato.guided()
      const asked = { kind: 'digits', labels: Array.from({ length: count }, (_, i) => i % 10) }
      const begun = performance.now()
      const { calls } = await window.sfumato.arrive({ program: programs[2], asked, seeds: [...Array(count).keys()], size: 64 })
      return { calls, seconds: (performance.now() - begun) / 1000 }
    }, count)
  figures.loading = (await draw(1)).seconds
  figures.digits = {}
  for (const count of [1, 16, 40]) {
    const walks = [await draw(count), await draw(count), await draw(count)]
    figures.digits[count] = { calls: walks[0].calls, seconds: median(walks.map(({ seconds }) => seconds)) }
  }
  await leave()
}

/** Script time a frame while 20,000 points dissolve, and while they step back along a walk. */
{
  const { page, context, leave } = await visit(browser, `${address}?c=idea`)
  const cdp = await context.newCDPSession(page)
  await cdp.send('Performance.enable')
  const scripted = async () => (await cdp.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'ScriptDuration').value
  await ready(page)
  await page.evaluate(() => {
    window.counted = 0
    const count = () => requestAnimationFrame(count, window.counted++)
    count()
  })
  const counted = () => page.evaluate(() => window.counted)
  const passes = (among) => // the slider is one of a play's middle, or at its end
    page.waitForFunction(
      ([from, to]) => {
        const time = Number(document.querySelector('[data-control=time]').value)
        return !window.sfumato.busy() && time >= from && time <= to
      },
      among,
      { polling: 200 },
    )
  figures.script = {}
  for (const [name, end] of [['dissolve', 1], ['back', 0]]) {
    await page.locator(`[data-control=${name}]`).press('Enter')
    await passes([0.01, 0.99])
    const [script, frames] = [await scripted(), await counted()]
    await passes([end, end])
    const passed = (await counted()) - frames
    figures.script[name] = { frames: passed, milliseconds: (1000 * ((await scripted()) - script)) / passed }
  }
  await leave()
}
await browser.close()
console.log(JSON.stringify(figures))
