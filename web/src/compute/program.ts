/** A sampler as data: see sfumato/sampling/program.py. Line i fills register i + 1; register 0 is the start. */
export type Terms = [register: number, coefficient: number][]
export type AskLine = {
  ask: Terms
  null?: boolean
  alpha: number
  sigma: number
  c_in?: number
  c_skip?: number
  c_out?: number
  c_noise?: number
}
export type Line = AskLine | { draw: true } | { arrive: Terms }
export type Program = { scale: number; calls: number; lines: Line[] }
export type Walker = {
  name: string
  deterministic: boolean
  use: string
  programs: Record<string, Program>
}

/** A step of a walk: the picture, the last guess at the clean one (guidance included), and the questions asked so far. */
export type Arrival = { x: Float32Array; guess: Float32Array | null; calls: number; index: number }
/** The same, with the time that this walk's own questions took so far, others beside it not counted. */
export type Timed = Arrival & { milliseconds: number }

/** Carry `program` out, yielding the start and every arrival. */
export async function* run(
  program: Program,
  ask: (at: Float32Array, line: AskLine) => Promise<Float32Array>,
  noise: () => Float32Array,
): AsyncGenerator<Arrival> {
  const registers: (Float32Array | undefined)[] = [scaled(noise(), program.scale)]
  const lastUse = usesOf(program)
  let guess: Float32Array | null = null
  let calls = 0
  let index = 0
  yield { x: registers[0]!, guess, calls, index }
  for (const [i, line] of program.lines.entries()) {
    if ('ask' in line) {
      const answer = await ask(sum(registers, line.ask), line)
      registers.push(answer)
      guess = guided(program, i, registers) ?? answer
      calls++
    } else if ('draw' in line) {
      registers.push(noise())
    } else {
      const x = sum(registers, line.arrive)
      registers.push(x)
      yield { x, guess, calls, index: ++index }
    }
    for (const spent of lastUse[i]!) registers[spent] = undefined // a thousand steps of pictures need not be kept
  }
}

const termsOf = (line: Line): Terms => ('ask' in line ? line.ask : 'arrive' in line ? line.arrive : [])

/** Where line i asks a second time, without the wish: both answers, weighed against each other as the walk goes on to weigh them. */
function guided({ lines }: Program, i: number, registers: (Float32Array | undefined)[]): Float32Array | undefined {
  const [first, second] = [lines[i - 1], lines[i]]
  if (!first || !second || !('ask' in first && 'ask' in second) || first.null || !second.null) return
  const next = lines.slice(i + 1).map(termsOf).find((terms) => terms.some(([register]) => register === i + 1)) ?? []
  const pair = next.filter(([register]) => register === i || register === i + 1)
  const total = pair.reduce((all, [, weight]) => all + weight, 0)
  if (pair.length === 2 && total) return sum(registers, pair.map(([register, weight]) => [register, weight / total]))
}

function usesOf(program: Program): number[][] {
  const last = new Map<number, number>()
  program.lines.forEach((line, i) => {
    for (const [register] of termsOf(line)) last.set(register, i)
  })
  const free: number[][] = program.lines.map(() => [])
  for (const [register, i] of last) free[i]!.push(register)
  return free
}

function scaled(x: Float32Array, by: number): Float32Array {
  return by === 1 ? x : x.map((v) => v * by)
}

function sum(registers: (Float32Array | undefined)[], terms: Terms): Float32Array {
  const parts = terms.map(([register]) => registers[register]!)
  const size = parts[0]?.length ?? registers.find((r) => r)!.length
  const out = new Float32Array(size)
  for (let i = 0; i < size; i++) {
    let total = 0
    for (let k = 0; k < parts.length; k++) total += terms[k]![1] * parts[k]![i]!
    out[i] = total
  }
  return out
}
