/** 各个英文文件，以及铺在它上面的中文。全用全角标点，汉字与数字、字母之间不留空格，由网页在显示时留出空隙。 */
import * as claimsWords from '../english/claims'
import * as forwardWords from '../english/forward'
import * as glossaryWords from '../english/glossary'
import * as ideaWords from '../english/idea'
import * as frameWords from '../english/interface'
import * as networkWords from '../english/network'
import * as pagesWords from '../english/pages'
import * as forwardQuiz from '../english/quiz/forward'
import * as ideaQuiz from '../english/quiz/idea'
import * as quizWords from '../english/quiz/interface'
import * as networkQuiz from '../english/quiz/network'
import * as reverseQuiz from '../english/quiz/reverse'
import * as trainingQuiz from '../english/quiz/training'
import * as reverseWords from '../english/reverse'
import * as trainingWords from '../english/training'
import type { Folder } from '../languages'
import claims from './claims'
import forward from './forward'
import glossary from './glossary'
import idea from './idea'
import frame from './interface'
import network from './network'
import pages from './pages'
import forwardQuestions from './quiz/forward'
import ideaQuestions from './quiz/idea'
import quiz from './quiz/interface'
import networkQuestions from './quiz/network'
import reverseQuestions from './quiz/reverse'
import trainingQuestions from './quiz/training'
import reverse from './reverse'
import training from './training'

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
  [ideaQuiz, ideaQuestions],
  [forwardQuiz, forwardQuestions],
  [reverseQuiz, reverseQuestions],
  [networkQuiz, networkQuestions],
  [trainingQuiz, trainingQuestions],
]

/** 中文里写法不变的，以及建网页时就写好、那时还不知道读者用什么语言的。 */
export const same = [
  'pages/text', 'labels/plots/logsnr', 'labels/ratio', 'labels/atTime', 'labels/drawing', 'labels/times', 'labels/number', 'labels/column', 'labels/percent', 'labels/askedAt',
  'labels/size', 'labels/three',
]
