/**
 * What the lessons besides the one on diffusion compute, without a browser:  node tests/course.mjs < asked.json > answered.json
 * A step of the game of forger and critic from the weights and numbers that are given, and whole games.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'vite'

const asked = JSON.parse(readFileSync(0, 'utf8'))
const vite = await createServer({ appType: 'custom', logLevel: 'error', server: { middlewareMode: true, hmr: false, ws: false }, optimizeDeps: { noDiscovery: true } })
const { Duel, RATES, criticLoss, forgerLoss } = await vite.ssrLoadModule('/src/lessons/gan/duel.ts')
const { exactVelocity, oneStepError, away, Rounds, TRAINING } = await vite.ssrLoadModule('/src/lessons/flow/flow.ts')
const { Dense } = await vite.ssrLoadModule('/src/lessons/gan/dense.ts')

function turn({ sizes, weights, z, real, rates }) {
  const [forger, critic] = sizes.map((size) => new Dense(size))
  forger.weights.set(weights[0])
  critic.weights.set(weights[1])
  const forged = forger.forward(Float32Array.from(z))
  const judged = criticLoss(critic.forward(Float32Array.from([...real, ...forged])))
  critic.backward(judged.slope)
  const gradients = [[...critic.gradient]]
  critic.step(rates[1])
  const deceived = forgerLoss(critic.forward(forged))
  forger.backward(critic.backward(deceived.slope))
  gradients.unshift([...forger.gradient])
  forger.step(rates[0])
  return { losses: [deceived.loss, judged.loss], gradients, weights: [[...forger.weights], [...critic.weights]] }
}
/** How many forged points each cluster has, every hundred steps. */
function game({ rates, steps }) {
  const duel = new Duel(0, RATES[rates], 0)
  const counts = {}
  for (; duel.steps < steps; duel.step()) if (duel.steps % 100 === 0) counts[duel.steps] = duel.moment().counts
  return { ...counts, [steps]: duel.moment().counts }
}
/** How far one step ends from forty, and from a cluster, and how thick the ends lie, round by round. */
function rounds(count) {
  const made = new Rounds(0)
  return Array.from({ length: count }, () => {
    made.next()
    while (made.step < TRAINING) made.train()
    const standing = made.standing()
    return { error: oneStepError(standing), away: [1, 40].map((steps) => away(standing, steps)), ways: [...standing.ways[40]] }
  })
}
console.log(JSON.stringify({
  exact: asked.exact.map(({ x, t }) => exactVelocity(x, t)),
  rounds: rounds(asked.rounds),
  turn: turn(asked.turn),
  games: Object.fromEntries(asked.games.map((one) => [one.rates, game(one)])),
}))
await vite.close()
