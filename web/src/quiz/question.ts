/** What a question is, and when an answer to it is right. Knows no page, no storage and no clock. */
export const CHAPTERS = ['idea', 'forward', 'reverse', 'network', 'training', 'sampling', 'steering'] as const
export type ChapterId = (typeof CHAPTERS)[number]

/** One thing that may be chosen, and what there is to say about it, right or wrong. */
export type Option = { text: string; says: string; right?: true }
/** Fields of the address: the panel that shows what the question is about. */
export type Panel = { c: ChapterId } & Record<string, string>
type Asked = { id: string; ask: string; panel: Panel }
/** `ordered`: the options have an order of their own (numbers, sizes) and are shown in it. */
export type ChoiceQuestion = Asked & { kind: 'choice'; options: Option[]; ordered?: true }
/** As a choice; but the answer is to be seen in the panel, and `look` says where. */
export type PredictQuestion = Asked & { kind: 'predict'; options: Option[]; ordered?: true; look: string }
/** `steps` are written in the right order. */
export type OrderQuestion = Asked & { kind: 'order'; steps: Option[]; first: string; last: string }
/** `lines[bug]` is wrong, and `mended` is that line put right. */
export type BugQuestion = Asked & { kind: 'bug'; lines: { code: string; says: string }[]; bug: number; mended: string }
export type Question = ChoiceQuestion | PredictQuestion | OrderQuestion | BugQuestion
export type Kind = Question['kind']

/** The number of the option or line that was chosen; of an order, every step's number, as the reader has put them. */
export type Answer = number | number[]

export function parts(question: Question): number {
  return question.kind === 'order' ? question.steps.length : question.kind === 'bug' ? question.lines.length : question.options.length
}

/** Whether `answer` could be an answer to `question` at all. */
export function answers(question: Question, answer: unknown): answer is Answer {
  const count = parts(question)
  const fits = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < count
  if (question.kind !== 'order') return fits(answer)
  return Array.isArray(answer) && answer.length === count && answer.every(fits) && new Set(answer).size === count
}

export function isRight(question: Question, answer: Answer): boolean {
  if (!answers(question, answer)) return false
  if (question.kind === 'order') return (answer as number[]).every((step, place) => step === place)
  if (question.kind === 'bug') return answer === question.bug
  return question.options[answer as number]?.right === true
}

/** The chapter that asks it: what stands before the dot. */
export const chapterOf = (id: string) => id.slice(0, id.indexOf('.')) as ChapterId
