import type * as english from '../english/course'
import type { Said } from '../languages'

export default {
  course: {
    title: '课程',
    lead: '每门课都有一个可以动手玩的场景，用浅显的话讲解，最后有问题。数学公式和运行它们的代码，打开开关就能看到。',
    needs: (lessons) => `先学：${lessons}`,
    nothing: '不需要任何基础',
    price: (chapters, minutes) => (chapters > 1 ? `${chapters}章，连问题共${minutes}分钟` : `连问题共${minutes}分钟`),
    begin: '打开',
    goOn: '继续',
    answered: (answered, total) => `已答${answered}题，共${total}题`,
    englishOnly: '这门课只有英文版。',
    all: '全部课程',
    kicker: '课程',
    of: {
      vae: { title: '自编码器和VAE', says: '在一张由解码出的数字铺成的毯子上拖动一个点，并看每张图片的椭圆。一个比特的价格会让毯子融成一片，或者撕裂开来。' },
      pixels: { title: '自回归模型', says: '数字一个像素一个像素地出现，条形显示下一个的概率。改掉一个，后面的就都变了；一次填上许多个，就是掩码扩散。' },
      evaluation: { title: '评价', says: '用模糊、缺一个数字或复制来弄坏完美的图片，看看哪个指标会发现。单是图片少一些，就会让其中一个变差。' },
      numbers: { title: '图片就是数字', says: '先热个身，零基础也能看懂：对计算机来说，图片是什么？分布又是什么？' },
      diffusion: { title: '扩散模型', says: '从纯噪声到图片：噪声怎样加进去，网络怎样学会把它去掉，文字又怎样引导它。' },
      flow: { title: '流匹配', says: '从噪声到数据的直线会交叉，所以学到的流是弯的。把它拉直，一步就够了。' },
      video: { title: '视频与世界模型', says: '一段视频是一块时空。让各帧连贯，从你画的第一帧继续下去，再由你操纵接下来的画面。' },
      latent: { title: '潜空间扩散', says: '压缩你的一幅画，看看丢了什么；在潜变量上作画；让像素与潜变量赛跑。' },
      few: { title: '少步采样', says: '把漫长的行走教给会跳跃的学生，看一次跳跃在哪里撕裂，再让点不借助噪声级别漂向数据。' },
      gan: { title: '生成对抗网络', says: '伪造者和鉴别者互相对抗。看一团伪造的点从一簇跳到另一簇，再让它安定下来。' },
    },
  },
} satisfies Said<typeof english>
