import { CHAPTERS, OTHERS, type ChapterId, type Question } from '../../quiz/question'
import { questions as evaluation } from '../../lessons/evaluation/questions'
import { questions as flow } from '../../lessons/flow/questions'
import { questions as numbers } from '../../lessons/numbers/questions'
import { questions as gan } from '../../lessons/gan/questions'
import { questions as pixels } from '../../lessons/pixels/questions'
import { questions as vae } from '../../lessons/vae/questions'
import { questions as video } from '../../lessons/video/questions'
import { questions as latent } from '../../lessons/latent/questions'
import { questions as few } from '../../lessons/few/questions'
import { questions as forward } from './forward'
import { questions as idea } from './idea'
import { questions as network } from './network'
import { questions as reverse } from './reverse'
import { questions as sampling } from './sampling'
import { questions as steering } from './steering'
import { questions as training } from './training'
import { questions as world } from './world'

export const byChapter: Record<ChapterId, readonly Question[]> = { idea, forward, reverse, network, training, sampling, steering, world, numbers, gan, flow, evaluation, vae, pixels, video, latent, few }
export const questions: readonly Question[] = [...CHAPTERS, ...OTHERS].flatMap((chapter) => byChapter[chapter])
/** What the certificate asks for: nothing on code, which a reader need not have read. */
export const certified: readonly Question[] = CHAPTERS.flatMap((chapter) => byChapter[chapter]).filter(({ kind }) => kind !== 'bug')
export const question = (id: string) => questions.find((one) => one.id === id)
