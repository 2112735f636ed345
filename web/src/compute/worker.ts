/** Asks the exported graphs and carries the exported programs out, away from the page's own thread. */
import * as ort from 'onnxruntime-web/wasm'
import glue from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url'
import binary from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import { imageNoise } from './noise'
import { run, type AskLine } from './program'
import type { Asked, Known, Numbers, Reply, Request, Tensor } from './protocol'

const base = new URL(import.meta.env.DEV ? '/' : '../', import.meta.url)
ort.env.wasm.wasmPaths = { mjs: new URL(glue, import.meta.url).href, wasm: new URL(binary, import.meta.url).href }
ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1
ort.env.logLevel = 'error'

const sessions = new Map<string, Promise<ort.InferenceSession>>()
const cancelled = new Set<number>()
let turn: Promise<unknown> = Promise.resolve() // a session answers one question at a time

function session(graph: string): Promise<ort.InferenceSession> {
  let found = sessions.get(graph)
  if (!found) {
    found = load(graph)
    found.catch(() => sessions.delete(graph)) // so that the next try asks again
    sessions.set(graph, found)
  }
  return found
}

async function load(graph: string): Promise<ort.InferenceSession> {
  const answer = await fetch(new URL(`computed/${graph}.onnx`, base))
  if (!answer.ok) throw new Error(`the model ${graph} could not be fetched (${answer.status})`)
  return ort.InferenceSession.create(new Uint8Array(await answer.arrayBuffer()), { executionProviders: ['wasm'] })
}

/** `spent`: is told how long the answer took, once its turn had come. */
async function answer(graph: string, inputs: Record<string, Tensor>, spent?: (milliseconds: number) => void): Promise<Record<string, Tensor>> {
  const ready = await session(graph)
  const feeds: Record<string, ort.Tensor> = {}
  for (const [name, { data, dims }] of Object.entries(inputs)) {
    feeds[name] = data instanceof Float32Array ? new ort.Tensor('float32', data, dims) : new ort.Tensor('int64', data, dims)
  }
  const mine = turn.then(async () => {
    const begun = performance.now()
    const outputs = await ready.run(feeds)
    spent?.(performance.now() - begun)
    return outputs
  })
  turn = mine.catch(() => undefined)
  const outputs = await mine
  return Object.fromEntries(
    Object.entries(outputs).map(([name, t]) => [name, { data: (t.data as Numbers).slice(), dims: [...t.dims] } as Tensor]),
  )
}

const graphOf = (asked: Asked) => (asked.kind === 'cloud' ? 'exact' : (asked.graph ?? 'digits/network'))
/** `x`, with what is known in its place, bit for bit: the same for every picture of a batch. */
const restored = (x: Float32Array, { picture, drawn }: Known) =>
  x.map((v, i) => (drawn[i % drawn.length] ? v : picture[i % picture.length]!))
const one = (value: number): Tensor => ({ data: new Float32Array([value]), dims: [1] })

/** What the network is told of `count` pictures; `none`: that there is no wish. */
function condition(asked: Exclude<Asked, { kind: 'cloud' }>, count: number, none: boolean): Record<string, Tensor> {
  if (asked.kind === 'digits') return { label: { data: BigInt64Array.from(asked.labels, (l) => BigInt(none ? 10 : l)), dims: [count] } }
  const { texts } = asked
  return { text: { data: none ? new BigInt64Array(texts.length) : texts, dims: [count, texts.length / count] } }
}

async function denoise(at: Float32Array, line: AskLine, asked: Asked, count: number, spent: (milliseconds: number) => void): Promise<Float32Array> {
  if (asked.kind === 'cloud') {
    const { centres, dimension, std } = asked
    const { answer: guess } = await answer('exact', {
      x: { data: at, dims: [at.length / dimension, dimension] },
      alpha: one(line.alpha),
      sigma: one(line.sigma),
      centres: { data: centres, dims: [centres.length / dimension, dimension] },
      std: one(std),
    }, spent)
    return guess!.data as Float32Array
  }
  const side = Math.round(Math.sqrt(at.length / count))
  const shape = asked.kind === 'prompts' ? asked.shape : [1, side, side]
  const { answer: told } = await answer(graphOf(asked), {
    x: { data: at.map((v) => v * line.c_in!), dims: [count, ...shape] },
    c_noise: { data: new Float32Array(count).fill(line.c_noise!), dims: [count] },
    ...condition(asked, count, line.null ?? false),
  }, spent)
  const out = told!.data as Float32Array
  const guess = at.map((v, i) => line.c_skip! * v + line.c_out! * out[i]!)
  return asked.kind === 'prompts' && asked.known ? restored(guess, asked.known) : guess
}

const post = (reply: Reply) => self.postMessage(reply)

/** Lets waiting messages in: a walk is one chain of promises, which would keep a cancel out to its end. */
const breathe = () =>
  new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => resolve(port1.close())
    port2.postMessage(0)
  })

self.onmessage = async ({ data: request }: MessageEvent<Request>) => {
  if (request.op === 'cancel') {
    cancelled.add(request.id)
    return
  }
  const { id } = request
  try {
    if (request.op === 'graph') {
      let milliseconds = 0
      const outputs = await answer(request.graph, request.inputs, (took) => (milliseconds = took))
      post({ id, kind: 'outputs', outputs, milliseconds })
      return
    }
    const { program, asked, seeds, size, start, fresh = 1 } = request
    const draw = imageNoise(seeds, size)
    let drawn = false
    const noise = () => {
      if (drawn) return fresh === 1 ? draw() : draw().map((v) => fresh * v)
      drawn = true
      return start ?? draw()
    }
    const known = asked.kind === 'prompts' ? asked.known : undefined
    const steps = program.lines.filter((line) => 'arrive' in line).length
    await session(graphOf(asked)) // loading is not walking
    let breathed = performance.now()
    let milliseconds = 0
    const spent = (more: number) => (milliseconds += more)
    for await (const step of run(program, (at, line) => denoise(at, line, asked, seeds.length, spent), noise)) {
      if (performance.now() - breathed > 30) {
        await breathe()
        breathed = performance.now()
      }
      if (cancelled.delete(id)) return
      if (known && step.index === steps) step.x = restored(step.x, known)
      post({ id, kind: 'arrival', ...step, milliseconds })
    }
    post({ id, kind: 'done', milliseconds })
  } catch (error) {
    post({ id, kind: 'error', message: error instanceof Error ? error.message : String(error) })
  }
}
