import type * as english from '../english/handouts'
import type { Said } from '../languages'

export default {
  handouts: {
    title: '打印讲义',
    lead: '有插图、公式、代码和问题，答案在最后。适合A4和Letter纸。',
    print: '打印或存成PDF',
    drawing: (number, count) => `正在画第${number}幅图，共${count}幅……`,
    book: '拿在手里转着看的生成模型',
    bookLead: (lessons) => `全部${lessons}门课的讲义，有插图、公式、代码、问题和答案。每幅图都由课程自己的场景画出。`,
    contents: '目录',
    figure: (number) => `图${number}。`,
    questions: '问题',
    answers: '答案',
    arrange: '请排出正确的顺序。',
    between: (from, to) => `一个从${from}到${to}的数：________`,
    listLead: '每门课的纸质版：正文、由场景画出的插图、公式、代码，还有问题，答案在最后。可以直接下载PDF，也可以打开网页，按自己的需要打印。',
    page: '打印页面',
    pdf: (pages, megabytes) => `PDF，${pages}页，${megabytes} MB`,
    asBook: '全部课程合成一本书',
    chapters: '逐章',
  },
} satisfies Said<typeof english>
