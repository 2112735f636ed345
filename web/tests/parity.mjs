/**
 * What the browser answers, for Python to hold against its own:  node tests/parity.mjs ADDRESS < asked.json > answered.json
 * Each of the asked is {graph, inputs}, {walk}, {plane} or {texts}; numbers travel as plain lists.
 */
import { readFileSync } from 'node:fs'
import { open, visit } from './browser.mjs'

const asked = JSON.parse(readFileSync(0, 'utf8'))
const browser = await open({ short: false })
const { page, problems } = await visit(browser, `${process.argv[2]}?c=glossary`)
await page.waitForFunction(() => 'sfumato' in window)
const answered = []
for (const one of asked)
  answered.push(
    await page.evaluate(async (one) => {
      const { ask, arrive, walker, guided, aboutAvatars, aboutEmoji, avatarsTokenizer, emojiTokenizer } = window.sfumato
      const tokens = async (texts) => (await emojiTokenizer()).tokens(texts, (await aboutEmoji()).tokens)
      if (one.plane) {
        const { Adam, MLP, learn, velocity } = await window.sfumato.plane()
        const net = new MLP(one.plane.shape)
        net.weights.set(one.plane.weights)
        const [x0, eps] = [Float32Array.from(one.plane.x0), Float32Array.from(one.plane.eps)]
        const answer = [...velocity(net, x0, one.plane.times)]
        const loss = learn(net, new Adam(net), x0, eps, one.plane.times, one.plane.rate)
        return { answer, loss, gradient: [...net.gradient], weights: [...net.weights] }
      }
      if (one.texts) return [...(await tokens(one.texts))].map(Number)
      if (one.graph) {
        const inputs = Object.fromEntries(
          Object.entries(one.inputs).map(([name, { data, dims, whole }]) => [
            name,
            { data: whole ? BigInt64Array.from(data.map(BigInt)) : Float32Array.from(data), dims },
          ]),
        )
        const { outputs } = await ask(one.graph, inputs)
        return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, [...data]]))
      }
      const { of, sampler, steps, guidance, asked, program, ...rest } = one.walk
      if (of === 'avatars') {
        const { shape, tokens, program } = await aboutAvatars()
        const told = { kind: 'prompts', graph: 'avatars/network', shape, texts: (await avatarsTokenizer()).tokens(asked.texts, tokens) }
        const { x } = await arrive({ program, asked: told, size: shape.reduce((a, b) => a * b), ...rest })
        const { outputs } = await ask('avatars/decoder', { latents: { data: x, dims: [rest.seeds.length, ...shape] } })
        return { x: [...outputs.picture.data] }
      }
      const programs = program ? {} : guidance !== undefined ? (await guided()).programs : (await walker(of, sampler)).programs
      if (asked.texts) {
        const { shape, programs } = await aboutEmoji()
        const told = { kind: 'prompts', graph: 'emoji/network', shape, texts: await tokens(asked.texts) }
        if (asked.known) told.known = { picture: Float32Array.from(asked.known.picture), drawn: Uint8Array.from(asked.known.drawn) }
        const { x, calls } = await arrive({ program: programs[guidance], asked: told, size: shape.reduce((a, b) => a * b), ...rest })
        return { x: [...x], calls }
      }
      if (asked.centres) asked.centres = Float32Array.from(asked.centres)
      const { x, calls } = await arrive({ program: program ?? programs[guidance ?? steps], asked, ...rest })
      return { x: [...x], calls }
    }, one),
  )
await browser.close()
console.log(JSON.stringify({ answered, problems }))
