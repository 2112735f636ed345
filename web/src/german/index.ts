/** Each file of English words, and what stands in it in German. */
import * as claimsWords from '../english/claims'
import * as forwardWords from '../english/forward'
import * as glossaryWords from '../english/glossary'
import * as ideaWords from '../english/idea'
import * as frameWords from '../english/interface'
import * as networkWords from '../english/network'
import * as pagesWords from '../english/pages'
import * as ideaQuiz from '../english/quiz/idea'
import * as forwardQuiz from '../english/quiz/forward'
import * as reverseQuiz from '../english/quiz/reverse'
import * as networkQuiz from '../english/quiz/network'
import * as trainingQuiz from '../english/quiz/training'
import * as samplingQuiz from '../english/quiz/sampling'
import * as steeringQuiz from '../english/quiz/steering'
import * as worldQuiz from '../english/quiz/world'
import * as quizWords from '../english/quiz/interface'
import * as reverseWords from '../english/reverse'
import * as samplingWords from '../english/sampling'
import * as steeringWords from '../english/steering'
import * as trainingWords from '../english/training'
import * as worldWords from '../english/world'
import * as liveWords from '../english/live'
import type { Folder } from '../languages'
import claims from './claims'
import forward from './forward'
import glossary from './glossary'
import idea from './idea'
import frame from './interface'
import live from './live'
import network from './network'
import pages from './pages'
import ideaQuestions from './quiz/idea'
import forwardQuestions from './quiz/forward'
import reverseQuestions from './quiz/reverse'
import networkQuestions from './quiz/network'
import trainingQuestions from './quiz/training'
import samplingQuestions from './quiz/sampling'
import steeringQuestions from './quiz/steering'
import worldQuestions from './quiz/world'
import quiz from './quiz/interface'
import reverse from './reverse'
import sampling from './sampling'
import steering from './steering'
import training from './training'
import world from './world'

export const folder: Folder = [
  [frameWords, frame],
  [pagesWords, pages],
  [glossaryWords, glossary],
  [quizWords, quiz],
  [claimsWords, claims],
  [ideaWords, idea],
  [forwardWords, forward],
  [reverseWords, reverse],
  [networkWords, network],
  [trainingWords, training],
  [samplingWords, sampling],
  [steeringWords, steering],
  [worldWords, world],
  [ideaQuiz, ideaQuestions],
  [forwardQuiz, forwardQuestions],
  [reverseQuiz, reverseQuestions],
  [networkQuiz, networkQuestions],
  [trainingQuiz, trainingQuestions],
  [samplingQuiz, samplingQuestions],
  [steeringQuiz, steeringQuestions],
  [worldQuiz, worldQuestions],
  [liveWords, live],
]

/** What reads the same in German, or is written into the pages when they are built, before their language is known. */
export const same = [
  'words/showCode', 'labels/how', 'labels/quick', 'pages/text', 'quiz/title', 'labels/plots/logsnr', 'labels/size',
  'labels/told', 'labels/drawing', 'labels/attends', 'labels/moment', 'labels/sampler', 'labels/oneSeed', 'labels/ofSeed', 'labels/dial', 'labels/times', 'labels/count',
  'systems/dalle/name', 'systems/stable/name', 'systems/midjourney/name', 'systems/sora/name', 'labels/system', 'labels/chapter',
  'live/draw/sampler', 'live/draw/guidance',
]
