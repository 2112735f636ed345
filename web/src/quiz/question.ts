/** What a question is, and when an answer to it is right. Knows no page, no storage and no clock. */
/** The chapters of the lesson on diffusion, which the certificate is for. */
export const CHAPTERS = ['idea', 'forward', 'reverse', 'network', 'training', 'sampling', 'steering', 'world'] as const
/** The chapters of the lessons besides, each a lesson by itself. */
export const OTHERS = ['numbers', 'gan', 'flow', 'evaluation', 'vae', 'pixels', 'video', 'latent', 'few'] as const
export type ChapterId = (typeof CHAPTERS)[number] | (typeof OTHERS)[number]

/** One thing that may be chosen, and what there is to say about it, right or wrong. */
export type Option = { text: string; says: string; right?: true }
/** Fields of the address: the panel that shows what the question is about. */
export type Panel = { c: ChapterId } & Record<string, string>
type Asked = { id: string; ask: string; panel: Panel }
/** `ordered`: the options have an order of their own (numbers, sizes) and are shown in it. */
export type ChoiceQuestion = Asked & { kind: 'choice'; options: Option[]; ordered?: true }
/** What is predicted before it is seen: `look` says what to do in the panel, and the reader judges before the verdict. */
type Predicted = Asked & { look: string }
export type PredictQuestion = Predicted & { kind: 'predict'; options: Option[]; ordered?: true }
/** A number from `from` to `to`, right where it is within `within` of the `truth`; `others` says why people err. */
export type GuessQuestion = Predicted & {
  kind: 'guess'
  from: number
  to: number
  step: number
  truth: number
  within: number
  says: string
  others: Option[]
}
/** A curve drawn through a height from 0 to 100 in each of the `columns`, right where it falls and rises as the `truth`. */
export type DrawQuestion = Predicted & {
  kind: 'draw'
  columns: string[]
  across: string
  up: string
  truth: number[]
  says: string
  others: Option[]
}
/** `steps` are written in the right order. */
export type OrderQuestion = Asked & { kind: 'order'; steps: Option[]; first: string; last: string }
/** `lines[bug]` is wrong, and `mended` is that line put right. */
export type BugQuestion = Asked & { kind: 'bug'; lines: { code: string; says: string }[]; bug: number; mended: string }
export type Question = ChoiceQuestion | PredictQuestion | GuessQuestion | DrawQuestion | OrderQuestion | BugQuestion
export type Kind = Question['kind']

/**
 * The number of the option or line that was chosen; of an order, every step's number, as the reader has put them; of a
 * guess, how many steps it is above the least; of a curve, its heights.
 */
export type Answer = number | number[]
export const FULL = 100 // the height of a drawn curve's sheet
const CLEAR = 10 // a rise or fall that a drawn curve must show
const AGREE = 0.8 // the share of these that it must have right

/** Of how many parts an answer is, or among how many it chooses. */
export function parts(question: Question): number {
  switch (question.kind) {
    case 'order':
      return question.steps.length
    case 'bug':
      return question.lines.length
    case 'guess':
      return Math.round((question.to - question.from) / question.step) + 1
    case 'draw':
      return question.columns.length
    default:
      return question.options.length
  }
}

export const guessed = (question: GuessQuestion, answer: number) => Number((question.from + answer * question.step).toFixed(6))

/** Of all pairs of columns between which the truth clearly falls or rises, the share between which `drawn` does too. */
export function agreement(truth: number[], drawn: number[]): number {
  const pairs = truth.flatMap((a, i) => truth.slice(i + 1).map((b, j) => [b - a, drawn[i + 1 + j]! - drawn[i]!] as const))
  const clear = pairs.filter(([right]) => Math.abs(right) >= CLEAR)
  return clear.filter(([right, found]) => right * found > 0).length / clear.length
}

/** Whether `answer` could be an answer to `question` at all. */
export function answers(question: Question, answer: unknown): answer is Answer {
  const count = parts(question)
  const fits = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < count
  if (question.kind === 'draw') return Array.isArray(answer) && answer.length === count && answer.every((v) => Number.isInteger(v) && v >= 0 && v <= FULL)
  if (question.kind !== 'order') return fits(answer)
  return Array.isArray(answer) && answer.length === count && answer.every(fits) && new Set(answer).size === count
}

export function isRight(question: Question, answer: Answer): boolean {
  if (!answers(question, answer)) return false
  if (question.kind === 'order') return (answer as number[]).every((step, place) => step === place)
  if (question.kind === 'bug') return answer === question.bug
  if (question.kind === 'guess') return Math.abs(guessed(question, answer as number) - question.truth) <= question.within + 1e-9
  if (question.kind === 'draw') return agreement(question.truth, answer as number[]) >= AGREE
  return question.options[answer as number]?.right === true
}

/** The chapter that asks it: what stands before the dot. */
export const chapterOf = (id: string) => id.slice(0, id.indexOf('.')) as ChapterId
