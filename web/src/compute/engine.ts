/** The page's side of the worker: ask a graph, or watch a walk. Nothing is loaded before the first question. */
import type { Program, Timed } from './program'
import type { Asked, Reply, Request, Tensor } from './protocol'

type Waiting = { reply: (reply: Reply) => void }
type Sent = Request extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never

let worker: Worker | undefined
let next = 1
const waiting = new Map<number, Waiting>()

/** What computes besides: a training that the page is watching. */
export const training = new Set<object>()
/** Whether an answer is still awaited. */
export const busy = () => waiting.size > 0 || training.size > 0

function send(request: Sent, reply: (reply: Reply) => void): number {
  if (!worker) {
    worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = ({ data }: MessageEvent<Reply>) => waiting.get(data.id)?.reply(data)
    worker.onerror = (event) => {
      for (const [id, { reply }] of waiting) reply({ id, kind: 'error', message: event.message || 'the worker failed' })
      worker = undefined
    }
  }
  const id = next++
  waiting.set(id, { reply })
  worker.postMessage({ ...request, id })
  return id
}

/** The outputs of the graph `computed/<graph>.onnx`, and how long they took. */
export function ask(
  graph: string,
  inputs: Record<string, Tensor>,
): Promise<{ outputs: Record<string, Tensor>; milliseconds: number }> {
  return new Promise((resolve, reject) => {
    const id = send({ op: 'graph', graph, inputs }, (reply) => {
      waiting.delete(id)
      if (reply.kind === 'outputs') resolve(reply)
      else if (reply.kind === 'error') reject(new Error(reply.message))
    })
  })
}

export type Walk = { program: Program; asked: Asked; seeds: number[]; size: number; start?: Float32Array; fresh?: number }

/**
 * Every arrival of a walk as it comes; leaving the loop cancels it. Walks that are begun together take turns, call by
 * call. `timing.milliseconds`, of this walk alone, is there at the end.
 */
export async function* walk(request: Walk, timing: { milliseconds?: number } = {}): AsyncGenerator<Timed> {
  const arrived: Timed[] = []
  let failure: string | undefined
  let done = false
  let wake: () => void = () => {}
  const id = send({ op: 'walk', ...request }, (reply) => {
    if (reply.kind === 'arrival') arrived.push(reply)
    else if (reply.kind === 'done') [done, timing.milliseconds] = [true, reply.milliseconds]
    else if (reply.kind === 'error') failure = reply.message
    wake()
  })
  try {
    while (true) {
      const step = arrived.shift()
      if (step) yield step
      else if (failure !== undefined) throw new Error(failure)
      else if (done) return
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    waiting.delete(id)
    if (!done) worker?.postMessage({ id, op: 'cancel' } satisfies Request)
  }
}

/** The last arrival of a walk, and how long the walk took. */
export async function arrive(request: Walk): Promise<{ x: Float32Array; calls: number; milliseconds: number }> {
  const timing: { milliseconds?: number } = {}
  let last: Timed | undefined
  for await (const step of walk(request, timing)) last = step
  return { x: last!.x, calls: last!.calls, milliseconds: timing.milliseconds ?? NaN }
}
