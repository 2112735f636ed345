/** Each file of English words, and what stands in it in German. The questions, and the panels that need the program, have no translation yet. */
import * as claimsWords from '../english/claims'
import * as forwardWords from '../english/forward'
import * as glossaryWords from '../english/glossary'
import * as ideaWords from '../english/idea'
import * as frameWords from '../english/interface'
import * as networkWords from '../english/network'
import * as pagesWords from '../english/pages'
import * as quizWords from '../english/quiz/interface'
import * as reverseWords from '../english/reverse'
import * as samplingWords from '../english/sampling'
import * as steeringWords from '../english/steering'
import * as trainingWords from '../english/training'
import * as worldWords from '../english/world'
import type { Folder } from '../languages'
import claims from './claims'
import forward from './forward'
import glossary from './glossary'
import idea from './idea'
import frame from './interface'
import network from './network'
import pages from './pages'
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
]

/** What reads the same in German, or is written into the pages when they are built, before their language is known. */
export const same = [
  'words/showCode', 'labels/how', 'labels/quick', 'pages/text', 'quiz/title', 'labels/plots/logsnr', 'labels/ratio', 'labels/atTime', 'labels/column', 'labels/size',
  'labels/told', 'labels/attends', 'labels/moment', 'labels/sampler', 'labels/oneSeed', 'labels/dial', 'labels/times', 'labels/count',
  'systems/dalle/name', 'systems/stable/name', 'systems/midjourney/name', 'systems/sora/name', 'labels/system', 'labels/chapter',
]
