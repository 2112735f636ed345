/**
 * What the lessons of pictures compute, without a browser:  node tests/course-pictures.mjs < asked.json > answered.json
 * `computed` is the folder of the tables; each of `evaluation`, `vae` and `pixels` is asked for by itself.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'vite'

const { computed, evaluation, vae, pixels } = JSON.parse(readFileSync(0, 'utf8'))
const vite = await createServer({ appType: 'custom', logLevel: 'error', server: { middlewareMode: true, hmr: false, ws: false }, optimizeDeps: { noDiscovery: true } })
const load = (file) => vite.ssrLoadModule(`/src/${file}`)
const bytes = (file) => readFileSync(`${computed}/${file}`)
const json = (file) => JSON.parse(bytes(file))
const pictures = (file) => {
  const all = bytes(file)
  return Array.from({ length: all.length / 64 }, (_, i) => Float32Array.from(all.subarray(64 * i, 64 * i + 64), (v) => v / 127.5 - 1))
}
async function weights(file) {
  const { fromHalf } = await load('compute/half.ts')
  const all = bytes(file)
  return fromHalf(all.buffer.slice(all.byteOffset, all.byteOffset + all.length))
}
const answered = {}
if (evaluation) {
  const { digitsFrom, Judge, UNHARMED, endless } = await load('lessons/evaluation/damage.ts')
  const judge = new Judge(json('evaluation/about.json'), digitsFrom(json('evaluation/digits.json')))
  answered.evaluation = evaluation.map((change) => {
    const damage = { ...UNHARMED, seed: 0, ...change }
    const { pictures, labels, copied } = judge.damaged(damage)
    const features = judge.features(pictures)
    const curve = judge.curve(features)
    return { pictures: pictures.map((one) => [...one]), labels, copied, scores: judge.judge(features, damage.count), curve, endless: endless(curve) }
  })
}
if (vae) {
  const { VAE } = await load('lessons/vae/vae.ts')
  const flat = Float32Array.from(pictures('vae/digits.bin').slice(0, vae.count).flatMap((one) => [...one]))
  answered.vae = await Promise.all(vae.betas.map(async (beta) => {
    const net = new VAE(await weights(`vae/${beta}.bin`))
    const { mean, std } = net.encode(flat)
    return { mean: [...mean], std: [...std], decoded: [...net.decode(Float32Array.from(vae.points))], carpet: [...(await net.carpet())] }
  }))
}
if (pixels) {
  const { PixelNet, diceOf, fallsOn, ROWS, steps, toLevels } = await load('lessons/pixels/pixels.ts')
  const net = new PixelNet(await weights('pixels/network.bin'))
  answered.pixels = pixels.map(({ seed, order, together, forced }) => {
    const dice = diceOf(seed)
    const way = { order: order === 'rows' ? ROWS : dice.order, together }
    return { ...dice, order: way.order, steps: steps(net, way, (at, chances) => (at === forced?.place ? forced.level : fallsOn(chances, dice.uniform[at]))) }
  })
  const scans = pictures('pixels/digits.bin').slice(0, 6).map(toLevels)
  answered.coded = scans.map((scan) => steps(net, { order: ROWS, together: 1 }, (at) => scan[at]).map(({ bits }) => bits))
}
console.log(JSON.stringify(answered))
await vite.close()
