import type * as english from '../english/forward'
import type { Said } from '../languages'
import { written } from '../written'

const number = (value: number) => written(value, 0, 3)
/** e的`lead`次方，写成赔率的样子：位数不多，太大就写成10的幂。 */
const againstOne = (lead: number) => {
  const odds = Math.exp(lead)
  if (odds < 9.95) return odds.toFixed(1)
  if (odds < 1e9) return number(Number(odds.toPrecision(odds < 100 ? 2 : 1)))
  return `10^${Math.round(lead / Math.LN10)}`
}
const drawings = ['猫', '火箭', '房子', '苹果', '蝴蝶', '企鹅', '蘑菇', '鱼', '草莓', '熊猫']
const drawing = (picture: string): string => drawings[Number(picture)]!

export default {
  labels: {
    scene: '一张图片随时间的变化',
    time: '时间t',
    data: '图片',
    noise: '纯噪声',
    play: '加噪声',
    picture: '图片',
    drawings,
    cleanPicture: '图片',
    noisePicture: '噪声',
    fresh: '换一份噪声',
    clean: (t) => `t = ${t}，图片`,
    pure: (t) => `t = ${t}，噪声`,
    schedule: '噪声调度',
    schedules: { linear: '线性（DDPM）', cosine: '余弦', sigmoid: 'S形', flow: '直线（流）', own: '你自己的' },
    show: '看什么',
    shows: { schedule: '噪声调度', ways: '一步步走或一步跳', other: '图片还在里面吗？' },
    plot: '画哪条曲线',
    plots: { levels: 'α和σ' },
    curve: '画成曲线的噪声调度，可以用控制点把它掰弯',
    bend: '拖动控制点，或用Tab键选一个，再用方向键移动它。画面会跟着变。灰色的是其他噪声调度。',
    handle: (t) => `你的曲线在t = ${t.toFixed(1)}处`,
    handleAt: (logsnr, alpha) => `logSNR是${logsnr}，α是${alpha}`,
    divide: '把画面除以α',
    alpha: 'α，图片的',
    sigma: 'σ，噪声的',
    snr: '信噪比',
    share: (picture) => {
      const percent = Math.round(100 * picture)
      return picture > 0 && percent < 1 ? '图片不到1%，几乎全是噪声' : `图片${percent}%，噪声${100 - percent}%`
    },
    shareOf: '强度，按α²和σ²所占的份额',
    linearOnly: '这里用的是DDPM的线性调度，表里写着它的一千个小步。',
    byChain: '一步一步',
    byJump: '一步跳到',
    doses: (count) => `${number(count)}小份噪声`,
    oneDose: (count) => (count ? '1大份噪声' : '没有噪声'),
    sameLaw: '没有一个像素相同：两边用的噪声不一样。现在来看许多次。一亮一暗两个像素，用两种办法各加噪1,000次，散开的样子相同：',
    sameStart: '加第一份噪声之前，两边都是干净图片。',
    counting: '正在把这串小步走1,000遍…',
    value: '像素的值',
    often: '出现得多不多',
    bright: '亮像素',
    dark: '暗像素',
    chainKey: '填色：一步一步',
    jumpKey: '轮廓：一步跳到',
    mean: '平均',
    spread: '离散程度',
    histogram: (t) => `时间${t.toFixed(2)}时，一个亮像素和一个暗像素的值怎样散开：一串小步和一步跳到，给出同样的两条钟形曲线。`,
    law: { ways: '办法', chain: '一步一步', jump: '一步跳到' },
    takenFor: '另一张图片',
    isOne: (picture) => `α · ${drawing(picture)}`,
    isNoise: 'σ · 噪声',
    isSlice: '这个画面',
    noiseOf: (spread) => `离散程度为${spread}的噪声`,
    sliceAt: (t) => `时间${t.toFixed(2)}的带噪图片`,
    odds: (mine, other, lead) => {
      const [likelier, less] = (lead < 0 ? [other, mine] : [mine, other]).map(drawing)
      return `是${likelier}与是${less}的可能性之比：${againstOne(Math.abs(lead))} : 1。`
    },
    follows: (mine, other, lead) => {
      const [likelier, less] = (lead < 0 ? [other, mine] : [mine, other]).map(drawing)
      const odds = Math.exp(Math.abs(lead))
      if (odds < 3) return `没有人说得出原来是哪一个：从${less}得到这个画面，几乎同样常见。`
      if (odds < 20) return `原来多半是${likelier}，但也还可能是${less}。`
      if (odds < 1000) return `几乎可以肯定原来是${likelier}。要是${less}，就得有很不寻常的噪声。`
      return `原来就是${likelier}。要是${less}，所需的噪声实际上从不会出现。再多加些噪声。`
    },
    impossible: '没有噪声，就没有什么会弄混。加一些吧。',
    described: (picture, t, schedule, share) =>
      `图片（${picture}）和噪声相加，得到时间${t.toFixed(2)}的画面，它的强度有${Math.round(100 * share)}%来自图片。下面是九个画面，从干净到纯噪声，用的噪声调度是“${schedule}”。`,
    describedWays: (picture, steps) =>
      `同一张图片（${picture}）的两排画面：左边一步一步加噪，右边每个都是一步跳到。${number(steps)}步之后，两边看起来差不多，噪声却不同。`,
    describedOther: (mine, other, t) => `左边，${drawing(mine)}在消散；右边是${drawing(other)}。在时间${t.toFixed(2)}，两边得到的是同一个画面。`,
  },
  text: {
    title: '前向过程',
    short: '前向',
    lead: '怎样把一张图片弄坏，两个数就说清了。不需要本领，不需要网络，也不用等：一步就能跳到任何时刻。',
    sections: [
      {
        heading: '这是配方，不是本领',
        text: [
          '加法算式下面的画面，是同一张图片在九个时刻的样子。每个时刻都对它做两件事。一是让它变淡：乘以[[alpha (α)|α]]。二是加上[[noise|噪声]]：噪声先乘以[[sigma (σ)|σ]]，于是σ就是它的离散程度，也就是[[standard deviation|标准差]]。拖动时间，或者[把t设为0.7](forward.show=schedule&forward.t=0.7)，看着这个加法：图片、噪声，以及它们合成的画面。',
          '**这里什么也没有学**。噪声是闭着眼睛抽的，它从没见过任何图片。那两个数来自一张表，早在有图片之前就写好了，这就是[[schedule|噪声调度]]。要学的是回程。回程的练习题就从这里来：一张弄坏的图片，连同它的原图，要多少有多少，还不花钱。',
        ],
        equations: [{ says: '图片，变淡到α倍，加上强度为σ的噪声。' }],
      },
      {
        heading: '一千小份，或者一大份',
        text: [
          '让扩散在图片上真正成功的论文[[DDPM]]，描述的是一串共一千步，也就是[[timestep|时间步]]。每一步把图片缩小一点，再加一小份噪声。这一份的大小是[[beta (β)|β]]，也就是[[variance|方差]]：离散程度的平方。[打开“一步步走或一步跳”](forward.show=ways&forward.t=0.2)：左边的确把每一步都走了。',
          '右边是一步跳到的。能这样做，是因为*互相独立、都服从钟形曲线的数，加起来仍服从钟形曲线*，而且方差可以相加。两百小份的效果，一大份就能做到，表里写着这一大份该有多大。两个画面的每个像素都不同，因为噪声不同。移动时间，两者始终相像。它们的分布相同：两种办法都做许多次，每个像素的平均值一样，离散程度也一样。',
          '所以训练从不沿着这串小步走。它随机挑一个时刻，一步跳到那里，然后问网络：原来是什么？',
        ],
        equations: [
          { says: '一小步：留下的比全部少一点，再加一点噪声。旧方差乘以(1 − β)，加上新方差β，总数仍是1。' },
          { says: '一次全做完：k步之后图片还剩多少，这些步一共带进来多少噪声。' },
        ],
      },
      {
        heading: '噪声调度：时间花在哪里',
        text: [
          '图片能看清多少，一个数就能说明：[[signal-to-noise ratio|信噪比]]，也就是图片比噪声强多少。它跨越好多个数量级，所以人们画它的对数[[logSNR]]。0处两者一样强。每往下2.3，噪声与图片的强度之比就变成原来的十倍。',
          '所有噪声调度都从干净走到噪声，差别在于时间花在哪里。DDPM的[线性调度](forward.show=schedule&forward.schedule=linear)把45%的时间花在噪声强度超过图片二十倍的地方；[余弦调度](forward.show=schedule&forward.schedule=cosine)在那里只花14%，更多的时间留给中段，形状正是在那里出现的。许多较新的模型用[直线调度](forward.show=schedule&forward.schedule=flow)，让α均匀地降、σ均匀地升。自己把曲线掰一掰，看看哪些画面会挤在一起。',
          '前三种噪声调度上α² + σ² = 1，所以数的大小保持不变；这样的调度叫作[[variance preserving|方差保持]]的。直线调度上则是α + σ = 1。差别只在亮度：比值相同的地方，你能看清的一样多。',
        ],
        equations: [{ says: '图片的强度除以噪声的强度，都按方差来算；以及它的对数。' }],
      },
      {
        heading: '图片还在里面吗？',
        text: [
          '人们很容易以为，带噪图片里*装着*原图，只要有个聪明的东西把它解码出来就行。试试最简单的办法：打开开关[“把画面除以α”](forward.show=schedule&forward.divide=1&forward.t=0.6)。图片恢复了强度，噪声也跟着变强，你看到的并不比刚才多。',
          '还有更深的原因。[打开“图片还在里面吗？”](forward.show=other&forward.schedule=linear&forward.t=0.3)。同一个画面有两种解释：一张图片配它的噪声，或者另一张图片配别的噪声。演示会算出两者的可能性之比。噪声少的时候，另一张图片所需的噪声，实际上从不会出现。[噪声多的时候](forward.show=other&forward.schedule=linear&forward.t=0.9)，两者的可能性就差不多。**这时，画面本身并没有说原来是什么**。它只说出可能是哪些图片，各有多大可能。',
          '所以回程不是解码。它是一步一步地，从所有符合的图片里选出一张。下一章来看怎样选。',
        ],
        equations: [
          { says: '同一张带噪图片的两种解释：这张原图配这份噪声，或者那张原图配那份噪声。' },
          { says: '假如事先两张图片同样可能，这就是两者的可能性之比：需要噪声更小的那张图片，可能性更大。' },
        ],
      },
    ],
  },
} satisfies Said<typeof english>
