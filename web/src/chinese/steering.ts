import type * as english from '../english/steering'
import type { Said } from '../languages'

const number = (value: number, digits = 2) => value.toLocaleString('en', { maximumFractionDigits: digits })
const rounded = (value: number) =>
  value < 1e6 ? number(value) : value.toLocaleString('zh-CN', { notation: 'compact', compactDisplay: 'long', maximumSignificantDigits: 3 })
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(milliseconds < 995 ? 2 : 1)}秒`

export default {
  labels: {
    view: '看什么',
    views: { guidance: '引导旋钮', words: '文字', brush: '画笔', latent: '更小的空间' },
    scene: '同样的种子，引导逐渐增强',
    dial: '引导w',
    ignored: '0：不理会',
    most: '8：高于一切',
    wish: '你想要的数字',
    other: '另一个数字',
    two: '两个数字并排',
    asked: (digit) => `要的是${digit}`,
    meaning: (w) => (w === 0 ? '不理会' : w === 1 ? '原样' : w < 1 ? '只取一部分' : '加推'),
    cost: (calls, milliseconds) => `${calls}次调用，${seconds(milliseconds)}`,
    counting: (w, calls, total) => `w = ${number(w)}：第${calls}次调用，共${total}次…`,
    wall: (count, digit, w) => `${count}个种子，要的是${digit}，引导${number(w)}。`,
    table: '引导的代价',
    variety: (share) => `${(100 * share).toFixed(1)}%`,
    varietyMeans: '多样性，用这16张图片来量：每张离最像它的那张有多远，用从黑到白的百分之几表示。',
    described: (wish, dial, rows) => `八个种子并排，引导${rows}各一排，要的是${wish}。w = ${number(dial)}的一排已标出。`,
    describedTwo: (first, second, dial, rows) =>
      `左边四个种子，要的是${first}；右边同样的四个种子，要的是${second}；引导${rows}各一排。w = ${number(dial)}的一排已标出。`,
    latent: '图片和它的潜变量，按比例画',
    side: '图片的边长',
    pixels: (side) => `${number(side)}像素`,
    factor: '自编码器把每条边缩小到',
    times: (factor) => `1/${factor}`,
    channels: '潜变量每个位置有几个数',
    numbers: (count) => `${number(count)}个数`,
    picture: '图片',
    hidden: '潜变量',
    encoder: '编码器',
    decoder: '解码器',
    here: '行走都在这里面',
    fewer: '减少到',
    ratio: (ratio) => `1/${number(ratio)}`,
    rows: { numbers: '数', places: '位置', pairs: '成对的位置，注意力要看的' },
    count: rounded,
    toScale: '薄片按比例画，每个位置有几个数，就有几片；只有片与片的间隔是为了看清才留的。',
    latentDescribed: (side, depth, ratio) =>
      `三张大薄片，是图片的三种颜色；旁边${depth}张边长${number(side)}的小薄片，是它的潜变量：数只有${number(ratio)}分之一。`,
    columns: { calls: '调用', variety: '多样性' },
  },
  prompt: {
    empty: '没有文字：不管旋钮在哪里，模型爱画什么就画什么。',
    whole: '这些词模型都认识。',
    parts: (words) => `训练中几乎没读到过，所以拆成几段来读：${words.join('、')}。`,
    unknown: (words) => `从没见过，跳过：${words.join('、')}。`,
    unread: (words) => `超出了它能读的长度：${words.join(' ')}。`,
    examples: (seen) => (seen ? '训练过的：' : '从没训练过的：'),
  },
  wordly: {
    say: '画一个emoji（用英文写）',
    most: '6：高于一切',
    counting: (w, calls) => `w = ${number(w)}：第${calls}次调用…`,
    picture: (text, w, seed) => `“${text}”，引导${number(w)}，种子${seed}`,
    film: (w) => `w = ${number(w)}的行走`,
    seen: (step) => (step ? `${number(step)}步之后的图片` : '开头的噪声'),
    guessed: (step) => `通向第${step}步的猜测`,
    filmMeans: '上排是行走中的带噪图片，下排是那一刻的猜测，文字和引导都已算进去。',
    credit: '模型是从OpenMoji（openmoji.org）的图画学来的，许可协议CC BY-SA 4.0。',
  },
  brush: {
    first: '要改的emoji（用英文写）',
    into: '涂过的部分要属于什么（用英文写）',
    paint: '把要改的部分涂上',
    result: '重新画的',
    pad: '用来涂的emoji',
    keys: '也可以用键盘：方向键移动画笔，空格键涂，按住Shift再按方向键涂出一条线。',
    under: (column, row, painted) => `第${column}列第${row}行，${painted ? '已涂' : '没涂'}`,
    described: (from, into, area) => `“${from}”，其中${number(area)}个像素重新画成了“${into}”`,
    base: (calls) => `emoji：第${calls}次调用…`,
    filling: (calls) => `涂过的部分：第${calls}次调用…`,
    kept: (outside, equal) => (outside === equal ? `保留了${number(outside)}个像素，每一个都逐位相同。` : `保留的${number(outside)}个像素里，有${number(equal)}个逐位相同。`),
    size: '粗细',
    sizes: [['3', '细'], ['5', '中'], ['9', '粗']],
    tool: '画笔',
    tools: [['0', '涂'], ['1', '擦']],
    undo: '撤销',
    clear: '清空',
  },
  text: {
    title: '控制',
    lead: '到现在为止，出来什么由噪声决定。现在由你来说想要什么，以及要得多坚决。',
    sections: [
      {
        heading: '说出你想要什么',
        text: [
          '除了带噪图片和噪声水平，网络还得到一样东西：[[condition|条件]]。在这里，它是数字的[[class|类别]]。问题变成了“已知这是3，加噪声之前它是什么样？”猜测偏向3，整个行走也就偏向3。打开“两个数字并排”。噪声是一样的，只有类别不同；笔画的倾斜和粗细常常不变。',
        ],
      },
      {
        heading: '用文字说出来',
        text: [
          '十个类别只能说十样东西。[[prompt|提示词]]能说得更多，因为词可以组合。[看看“文字”](steering.view=words&steering.say=penguin)：另一个有四百万个权重的模型，根据你输入的英文画出32 × 32像素的emoji。文字切成[[token|词元]]：常用的是整个词，少见的是几段。一个小的文字网络把词元变成一排排数。每次调用时，图片的每个位置都用[[attention|注意力]]去看对它重要的词。别的都没有变：噪声没变，行走没变，旋钮也没变。',
          '看那段影片的下排，旋钮在w = 1：这是原样的猜测，没有加推。[企鹅](steering.view=words&steering.say=penguin&steering.words-w=1)的第一次猜测是模糊的一团：模型没有把握，所以猜平均，不同的种子给出不同的企鹅。[红心](steering.view=words&steering.say=red+heart&steering.words-w=1)的第一次猜测，已经就是最后的红心，每个种子都一样。这两个词没有留下任何选择，因为模型把这一张图背下来了。例子少的时候，很容易这样。',
          '有些提示词**从没训练过**。模型见过蓝色的东西，也见过圆，但[没有见过蓝色的圆](steering.view=words&steering.say=blue+circle&steering.words-w=3)。它画出来时，不是查到的，而是把两个词合在了一起。这并不总能成功：它的[紫心](steering.view=words&steering.say=purple+heart&steering.words-w=3)画出来几乎是灰的。这个模型是从3,860张图画学来的。大模型要从几亿张带说明文字的图片学。',
          '没有文字呢？那也是一种条件。训练时，十条说明文字里有一条被拿掉，所以空的提示词意思是“什么都行”。[[guidance|引导]]就是从这个猜测推开。',
        ],
      },
      {
        heading: '引导旋钮',
        text: [
          '模型往往只稍微照着条件做。所以训练时，类别有时换成了[[null class|空类别]]“无”。现在一个网络能给出两种猜测：带条件的和不带的。两者之差指出*条件改变了什么*，[[classifier-free guidance|无分类器引导]]就顺着这个方向再多走一些。代价是每一步多一次调用。名字里的“无分类器”，是说不用另一个分类器来控制；它**不是**说没有条件。',
          '这一页和软件包是这样数的：**w = 0不理会条件，w = 1是带条件的原样猜测，再大就是往外加推**。（有些论文和工具把我们的1叫作0。抄数字之前先看清楚。）',
          '[转动旋钮](steering.view=guidance&steering.w=5)，看看失去了什么。数字变得越来越像；少见的写法最先消失。表里量了这一点。推得太猛，笔画就比任何真数字都生硬，因为没有什么能把拉长的猜测拉回真图片附近。按文字画图片时，人们常用3到8左右的引导。',
          '有了文字，你可以在一张图片上看到这一点。[“文字”](steering.view=words&steering.words-w=3)从同样的噪声画三张图片：不理会文字、原样、加推。三张开头相似，然后分开。',
        ],
        equations: [{ says: '不带条件的猜测，加上w乘以条件所改变的部分。' }],
      },
      {
        heading: '在更小的空间里行走',
        text: [
          '一张512 × 512像素的彩色图片，是786,432个数。其中大多数，说的都是邻居已经说过的。**潜空间扩散**先训练一个[[autoencoder|自编码器]]。它的一半把图片压成64 × 64个位置，每个位置4个数，只有四十八分之一。另一半再把它们展开。然后，这门课里的一切都在[[latent|潜变量]]的空间，也就是潜空间里进行：噪声、猜测、步子。解码器只在最后运行一次。[看看“更小的空间”](steering.view=latent)。',
          '省下的比48倍还多。用[[attention|注意力]]时，每个位置都要看其他每个位置，所以花费随位置数的*平方*增长：位置少到64分之一，成对的位置就少到4,096分之一。这有代价。自编码器展不开的东西，怎样行走也带不回来。看看小小的脸和细小的字，就知道了。',
        ],
        equations: [{ says: '8倍要算两次，高一次，宽一次；3种颜色变成4个数。' }],
      },
      {
        heading: '把涂过的部分重画',
        text: [
          '[[inpainting|局部重绘]]不需要新模型，也不需要训练。[看看“画笔”](steering.view=brush)：一只企鹅换上圣诞老人的头。行走处处都从纯噪声开始。但在图片已知的地方，每一步都用已知的图片顶替猜测，行走在那里就直奔已知的样子。涂过的部分必须猜。在每个噪声水平上，它都看得到旁边已知的部分，所以猜得合适：轮廓接着画下去，颜色也接得上。',
          '没涂的地方，回来时**逐位相同**；图片下面数了出来。文字只管涂过的部分。但要描述你想要的*整张*图片，因为模型是把它当作整体来猜的。',
        ],
        equations: [{ says: '逐个像素：遮罩m为1处用模型的猜测，为0处用已知的图片。' }],
      },
      {
        heading: '改一张图片，做一段视频',
        text: [
          '要改一张图片，就只掺一部分噪声，再带着新的条件从那里走回来。噪声越多，改动越自由。',
          '视频多一个轴。各帧一起去噪，注意力既在画面里左右看，也在时间上前后看。声音、分子和机器人的动作，都用同样的办法来做。变的是网络，以及它的数代表什么。行走还是你看到过的那种行走。',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
