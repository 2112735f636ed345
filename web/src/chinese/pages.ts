import type * as english from '../english/pages'
import type { Said } from '../languages'

export default {
  pages: {
    glossary: {
      title: '术语表',
      lead: (count) => `这个领域的${count}个词，用平常的话来解释。在各章里，带下划线的词会就地显示它的意思。`,
      find: '查找一个词',
      none: '这里没有符合的词。',
      found: (count) => `${count}个词`,
      letters: '字母',
    },
    notes: {
      title: '讲义',
    },
    certificate: {
      title: '证书',
      print: '打印',
      name: '你的名字，会照这样写在证书上',
      named: '它只留在这个浏览器里。',
      unnamed: '你的名字',
      heading: '扩散模型学习证书',
      before: '兹证明',
      after: '已学完关于扩散模型的八章课程，从纯噪声到图片，',
      score: (right, total) => `并答对了${total}道题中的${right}道。`,
      percent: (share) => `${share}%`,
      scoreLabel: '成绩',
      dateLabel: '日期',
      questionsLabel: '题目',
      date: (date) => date.toLocaleDateString('zh-CN', { day: 'numeric', month: 'long', year: 'numeric' }),
      honest: '由读者自己的浏览器计算并保存，没有人监考。',
      strip: '由点组成的结，从噪声变成形状',
      notYet: '还差一点',
      missing: '答完扩散模型的每一道题，并且最近一次答题有五分之四答对，就能得到证书。关于代码的题不计在内。还缺：',
      open: (chapter, count) => `${chapter}：还有${count}道题没有回答。`,
      tooFew: (right, needed, total) => `${total}道题里，最近一次答对了${right}道；需要答对${needed}道。`,
      toQuiz: '去做测验',
    },
  },
} satisfies Said<typeof english>
