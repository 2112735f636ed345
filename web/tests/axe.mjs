/**
 * axe-core finds nothing to say:  node tests/axe.mjs ADDRESS [PAGE …]
 * Every page and every view of every chapter, light at 1280 px and dark at 360 px by turns (EVERY=1: both), with equations, code and settings open;
 * all rules of WCAG A and AA and the best practices. Prints what was looked at; exits with 1 and the violations.
 */
import { readFileSync } from 'node:fs'
import { open, visit } from './browser.mjs'

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const VIEWS = {
  idea: ['', 'idea.shape=own'],
  opening: [''],
  forward: ['', 'forward.show=ways&guide=2', 'forward.show=other'],
  reverse: ['', 'reverse.show=guess', 'reverse.show=pictures'],
  network: ['network.off=middle', 'network.view=block', 'network.view=attention'],
  training: ['', 'training.show=error', 'training.view=step', 'training.view=plane', 'training.view=beside'],
  sampling: ['sampling.first-steps=10', 'sampling.view=wall', 'sampling.view=few&sampling.few-by=dpm++2m', 'sampling.view=grids', 'sampling.view=calls', 'sampling.view=drift'],
  steering: ['', 'steering.two=1', 'steering.view=words', 'steering.view=brush', 'steering.view=latent', 'steering.view=latent&steering.space=draw', 'steering.view=latent&steering.space=scale'],
  world: ['', 'world.view=systems'],
  numbers: ['numbers.mix=0.5'],
  flow: ['', 'flow.round=flow'],
  evaluation: ['evaluation.blur=0.5'],
  vae: [''],
  pixels: ['pixels.level=3', 'pixels.what=scan'],
  gan: ['gan.step=50'],
  video: ['', 'video.how=moves'],
  latent: ['', 'latent.view=paint', 'latent.view=race'],
  few: ['', 'few.who=student', 'few.who=drift'],
  lessons: [''],
  quiz: ['', 'quiz.q=idea.forward', 'quiz.q=idea.life', 'quiz.q=idea.seeds', 'quiz.q=idea.paths', 'quiz.q=forward.schedule', 'quiz.q=training.heart'],
  glossary: [''],
  notes: [''],
  handout: ['of=numbers'],
  certificate: [''],
}
const LOOKS = [
  { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
]
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

const [address, ...pages] = process.argv.slice(2)
const browser = await open()
const [looked, found] = [[], new Map()]
for (const page of pages.length ? pages : Object.keys(VIEWS))
  for (const [index, view] of VIEWS[page].entries())
    for (const look of process.env.EVERY || VIEWS[page].length === 1 ? LOOKS : [LOOKS[index % 2]]) { // by turns, unless EVERY
      const where = `${page} ${view} ${look.colorScheme} ${look.viewport.width}`
      const it = await visit(browser, page === 'opening' ? address : `${address}?c=${page}&${view}`, { ...look, reducedMotion: 'reduce' }, () =>
        localStorage.setItem('sfumato.settings', '{"theme":"system","still":true,"from":"data","equations":true,"code":true}'),
      )
      await it.page.waitForSelector(page === 'opening' ? 'dialog canvas' : page in { lessons: 1, quiz: 1, glossary: 1, notes: 1, handout: 1, certificate: 1 } ? 'main h1, form' : '.questions form')
      await it.page.waitForFunction(() => 'sfumato' in window && !window.sfumato.busy(), undefined, { timeout: 240_000 })
      const answer = it.page.locator('form[data-question] label').first()
      if (page === 'quiz' && view && (await answer.count())) {
        await answer.click()
        await it.page.locator('[data-control=answer]').click() // what is said to an answer is looked at too
      }
      if (!view && page !== 'opening') await it.page.locator('[data-control=settings]').click()
      const violations = await it.page.evaluate(`${axe}; axe.run(document, ${JSON.stringify({ runOnly: TAGS, resultTypes: ['violations'] })}).then(({ violations }) => violations.map(({ id, help, nodes }) => [id + ': ' + help, nodes.map(({ target }) => target.join(' '))]))`)
      for (const [rule, nodes] of violations) found.set(`${rule} ${nodes.slice(0, 3).join(', ')}`, [...(found.get(`${rule} ${nodes.slice(0, 3).join(', ')}`) ?? []), where])
      for (const problem of it.problems) found.set(problem, [where])
      looked.push(where)
      await it.leave()
    }
await browser.close()
for (const [what, where] of found) console.error(`${what}\n  at ${where.join('; ')}`)
console.log(JSON.stringify(looked))
process.exitCode = found.size ? 1 : 0
