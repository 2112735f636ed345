/** What the page and the worker say to each other. */
import type { Program } from './program'

export type Numbers = Float32Array | BigInt64Array
export type Tensor = { data: Numbers; dims: number[] }

/** Which denoiser answers a walk's questions. */
export type Asked =
  | { kind: 'cloud'; centres: Float32Array; dimension: number; std: number }
  | { kind: 'digits'; labels: number[]; graph?: string } // the lesson's own network if left out
  | { kind: 'prompts'; graph: string; shape: number[]; texts: BigInt64Array; known?: Known } // as many tokens for each
/** A picture of which only what `drawn` marks (1, pixel by pixel) is to be drawn; the rest stays as it is. */
export type Known = { picture: Float32Array; drawn: Uint8Array }

export type Request =
  | { id: number; op: 'graph'; graph: string; inputs: Record<string, Tensor> }
  | {
      id: number
      op: 'walk'
      program: Program
      asked: Asked
      seeds: number[]
      size: number // numbers per seed
      start?: Float32Array // in place of the first noise
      fresh?: number // how much of the noise after the first is given: all of it (1) if left out
    }
  | { id: number; op: 'cancel' }

export type Reply =
  | { id: number; kind: 'outputs'; outputs: Record<string, Tensor>; milliseconds: number }
  | { id: number; kind: 'arrival'; x: Float32Array; guess: Float32Array | null; calls: number; index: number; milliseconds: number }
  | { id: number; kind: 'done'; milliseconds: number }
  | { id: number; kind: 'error'; message: string }
