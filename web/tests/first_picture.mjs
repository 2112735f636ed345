/** From a question to its picture, by each walker of the race in few calls:  node tests/first_picture.mjs ADDRESS  prints JSON. */
import { open, visit } from './browser.mjs'

const address = process.argv[2]
const browser = await open({ short: false })
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
const told = []
for (let place = 0; place < 4; place++) {
  const { page, leave } = await visit(browser, `${address}?c=glossary`) // a new page each: its first picture loads the network
  await page.waitForFunction(() => 'sfumato' in window)
  const draw = () =>
    page.evaluate(async (place) => {
      const { who, program } = (await window.sfumato.few()).lanes[place]
      const asked = { kind: 'digits', labels: [3], graph: who === 'student' ? 'digits/student' : 'digits/network' }
      const begun = performance.now()
      const { calls } = await window.sfumato.arrive({ program, asked, seeds: [0], size: 64 })
      return { who, calls, seconds: (performance.now() - begun) / 1000 }
    }, place)
  const first = await draw()
  const again = []
  for (let i = 0; i < 7; i++) again.push((await draw()).seconds)
  told.push({ ...first, first: first.seconds, seconds: median(again) })
  await leave()
}
await browser.close()
console.log(JSON.stringify(told))
