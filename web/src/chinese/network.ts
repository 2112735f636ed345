import type * as english from '../english/network'
import type { Said } from '../languages'
import { written } from '../written'

const number = (value: number) => written(value, 0, 3)
const several = (names: string[]) => (names.length < 2 ? names.join('') : `${names.slice(0, -1).join('、')}和${names.at(-1)}`)
const percent = (share: number) => `${Math.round(100 * share)}%`

const blocks: Record<string, { name: string; says: string }> = {
  x: { name: '图片', says: '带噪图片，每个像素一个数。它经过缩放，使这些数在每个噪声水平上都同样分散。' },
  enter: { name: '入口', says: '第一个卷积用64种方式看每个像素和它的八个邻居：笔画、边缘、拐角。这里还不知道噪声水平。' },
  'down 0.0': { name: '下行，精细', says: '在原来的大小上：哪些是笔画，哪些是颗粒？这些图的一份副本从上面的桥过去。' },
  'down 1.0': { name: '下行，粗略', says: '图已经减半：四个像素变成了一个。现在3 × 3的窗口能盖住大半个数字，注意力则盖住整个数字。' },
  middle: { name: '中间', says: '视图最粗略的地方。128张图，每张只剩16个位置。' },
  'up 1.0': { name: '上行，粗略', says: '中间的回答和从下面的桥过来的副本，在这里互相权衡。权重最多的就是这个模块。' },
  'up 0.0': { name: '上行，精细', says: '重新放大一倍，和从上面的桥过来的精细副本合在一起：粗略的决定落回到精确的像素上。' },
  answer: { name: '回答', says: '最后一个卷积把64张图变成一张。加上适当份额的带噪图片，就是猜测：猜干净的数字，或者猜噪声。' },
}
const parts: Record<string, { name: string; says: string }> = {
  time: { name: '噪声水平', says: '噪声水平' },
  class: { name: '类别', says: '类别' },
  middle: { name: '中间模块', says: '中间模块' },
  'skip 1.0': { name: '粗略跳跃连接，4 × 4', says: '粗略跳跃连接' },
  'skip 0.0': { name: '精细跳跃连接，8 × 8', says: '精细跳跃连接' },
  'attention down 1.0': { name: '下行途中的注意力', says: '下行途中的注意力' },
  'attention middle': { name: '中间的注意力', says: '中间的注意力' },
  'attention up 1.0': { name: '上行途中的注意力', says: '上行途中的注意力' },
}
const block = (name: string) => blocks[name]?.name ?? name
const part = (name: string) => parts[name] ?? { name, says: name }

export default {
  labels: {
    scene: '画成一座楼的UNet',
    block,
    answers: { clean: '回答：图片', noise: '回答：噪声' },
    blockSays: (name) => blocks[name]?.says ?? '',
    part: (name) => part(name).name,
    bridges: { 'skip 0.0': '精细跳跃连接', 'skip 1.0': '粗略跳跃连接' },
    told: (level, label) => `t = ${level}，${label}`,
    toldClass: (digit) => (digit === undefined ? '没有类别' : `类别${digit}`),
    legend: { way: '图片走的路', skip: '跳跃连接', told: '噪声水平和类别', attention: '注意力' },
    digit: '数字',
    another: '换一个',
    noise: '噪声，时间t',
    clean: '几乎干净',
    pure: '纯噪声',
    fresh: '换一份噪声',
    tell: '告诉网络',
    tells: (digit) => [['true', `真相（${digit}）`], ['none', '不给类别'], ...Array.from('0123456789', (one) => [one, `这是${one}`])] as [string, string][],
    read: '把回答读作',
    reads: { clean: '干净图片', noise: '噪声' },
    view: '看什么',
    views: { parts: '可以拿走的部件', block: '一个模块的里面', attention: '它在看哪里' },
    goesIn: '输入',
    whole: '回答，部件全开',
    cut: '回答，按你的开关',
    difference: '两者之差',
    truth: { clean: '真相', noise: '加进去的噪声' },
    error: (error) => `误差${error.toFixed(3)}`,
    errorMeans: '误差：与真相之差的平方，在64个像素上的平均。',
    everythingOn: '现在什么也没有拿走。关掉一样，再看看。',
    without: (names, cut, whole) => {
      const taken = `拿走${several(names.map((name) => part(name).says))}，误差是${cut.toFixed(3)}，而不是${whole.toFixed(3)}：`
      const times = cut / whole
      return taken + (times > 1.05 ? `是原来的${times.toFixed(1)}倍。` : times < 0.95 ? '这一次反而小了；换一份噪声试试。' : '几乎没有变化。')
    },
    parts: '开着的部件',
    restore: '全部放回去',
    play: '走一遍',
    next: '下一个模块',
    chosen: '模块',
    about: (channels, side, weights) => `${channels}张${side} × ${side}的图${weights === undefined ? '' : `，用${number(weights)}个权重得到`}。`,
    key: (most) => `蓝色小于零，橙色大于零；从${most < 10 ? most.toFixed(1) : Math.round(most)}起颜色最深。`,
    maps: (name, channels) => `模块“${block(name)}”的${channels}张特征图`,
    attends: '注意力',
    attendsIn: { 'down 1.0': '下行途中', middle: '中间', 'up 1.0': '上行途中' },
    head: '注意力头',
    heads: (count) => [...Array.from({ length: count }, (_, i) => [String(i + 1), String(i + 1)] as [string, string]), ['all', '它们的平均'] as [string, string]],
    place: (row, column) => `第${row}行第${column}列`,
    places: '从4 × 4个位置里选一个',
    looks: (row, column, shares) =>
      `从第${row}行第${column}列，它看得最多的是${several(shares.map((one) => `第${one.row}行第${one.column}列（${percent(one.share)}）`))}。如果平均分配，每个位置是6%。`,
    described: (digit, t, off, chosen) =>
      `一个网络的八个站，从左到右：上层的图是8乘8，下层的图是4乘4，两层各有一座桥。流过它的是时间${t}的数字${digit}。${off.length ? `拿走了${several(off.map((name) => part(name).says))}。` : '部件全开。'}${chosen ? `选中的是“${block(chosen)}”。` : ''}`,
  },
  text: {
    title: '网络',
    short: '网络',
    lead: '加噪声之前，这张图片是什么？每次行走的每一步，都由同一台机器来回答。在这里，你可以看看它里面。',
    sections: [
      {
        heading: '往下，再往上',
        text: [
          '你看到的是这门课真正的[[network|网络]]在工作，所有的数都在。带噪的数字从左边进来。每个模块用[[convolution|卷积]]把一叠[[feature map|特征图]]变成另一叠：卷积是3 × 3的小窗口，它的权重是学来的。[选一个模块](network.view=block&network.block=down+0.0)，看看它的图，每个[[channel|通道]]一张。有的找到了笔画，有的找到了边缘，有的找到了空白的背景。',
          '3 × 3的窗口看不远，分不出这是一个污点，还是一段笔画。所以图片在往下走时减半，同样的窗口就能盖住两倍宽的范围。在[下层](network.view=block&network.block=middle)，网络看得到整个数字，能断定*它是什么*。然后图片再加倍，说出每一笔*究竟在哪里*。这条路像字母U一样先下后上，所以这种设计叫[[UNet]]。',
          '可是一减半，四个像素里哪个是深色的，就忘掉了。桥把这些带过去：[[skip connection|跳跃连接]]取出减半之前的精细图，在加倍之后再接回来。[在噪声少时关掉精细跳跃连接](network.view=parts&network.tell=true&network.off=skip+0.0&network.t=0.2)：数字还在，但笔画已经不在原来的准确位置上。对从没训练过的数字，t = 0.2时的误差是原来的五倍：0.145，而不是0.029。[在t = 0.9时](network.view=parts&network.off=skip+0.0&network.t=0.9)，这个跳跃连接几乎不起作用，因为那里的细节*本身就是*噪声。（你在这里能选的数字，都在它的例子里，所以它在这些数字上的误差要小一点。）',
        ],
      },
      {
        heading: '告诉它噪声有多少',
        text: [
          '一个网络要管所有的噪声水平，它面对的是哪一个，我们会告诉它。噪声水平写成一排长短不同的波，叫[[time embedding|时间嵌入]]。一个小网络把它变成256个数，再加上数字的[[class|类别]]，由绿线送到每个模块。在那里，每个通道乘以一个数，再加上另一个数。',
          '[把噪声水平拿走](network.view=parts&network.tell=true&network.off=time&network.t=0.8)，网络就过分相信带噪图片：在t = 0.8时，误差增加到两倍以上，从0.16变成0.37。再[告诉它一个错的类别](network.view=parts&network.off=&network.tell=5&network.t=0.1)。噪声少时，它相信图片：在t = 0.1时，100次里有99次，回答看上去还是真正的数字。[在t = 0.8时](network.view=parts&network.off=&network.tell=5&network.t=0.8)，它每次都画告诉它的那个类别。',
        ],
        equations: [{ says: '在每个模块里，每张图h都乘一个数、再加一个数，这两个数只由时间t和类别c决定。' }],
      },
      {
        heading: '互相看一看',
        text: [
          '下层有[[attention|注意力]]。每个位置都问全部十六个位置，哪些对它重要，然后取来那里的东西。各个份额加起来是100%。两个[[head|注意力头]]并排做这件事，各有各的做法。[选一个位置](network.view=attention&network.tell=true&network.place=9)，看看它在看哪里。花费随位置数的平方增长，所以注意力放在粗略的那一层。',
          '每个部件有多重要？试一试，多信数字，少信图画。在这个小网络里，噪声水平、类别和精细跳跃连接很重要。中间模块、粗略跳跃连接和注意力不太重要：减半一次之后，8 × 8的数字就能整个看到了。在处理大图片的网络里，远处的角落相隔几百个像素，那里就需要注意力。',
        ],
        equations: [{ says: '位置i从位置j取多少：i的查询q和j的键k越相配，取得越多。' }],
      },
      {
        heading: '一个问题，几种问法',
        text: [
          '应当让网络说出干净图片，还是说出噪声？这是同一个问题。带噪图片是已知的：它等于α乘以前者，加上σ乘以后者。知道其中一个，就能算出另一个。[把回答读作噪声](network.read=noise)，看看同一个回答的两种样子。',
          '不同的是哪些错误要紧。噪声少时，图片上的小误差，是噪声上的大误差；噪声多时正好相反。所以许多网络要答的是一种在两头都管用的混合：[[velocity (v)|速度（v）]]，或者像这里一样，是图片减去带噪图片里已经看得出的那一份。这种选择叫[[parameterization|参数化]]。',
          '这个网络有1,785,345个权重，四分之三以上在下层。处理大图片的知名模型，权重是它的几百倍。',
        ],
        equations: [{ says: '由对图片的猜测得到对噪声的猜测，反过来也一样。' }],
      },
    ],
  },
} satisfies Said<typeof english>
