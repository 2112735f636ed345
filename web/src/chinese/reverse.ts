import type * as english from '../english/reverse'
import type { Said } from '../languages'
import { written } from '../written'

const number = (value: number) => written(value, 0, 3)
const figures = (value: number) => value.toFixed(2).replace('-', '−')

export default {
  labels: {
    scene: '密度的地形',
    show: '看什么',
    shows: { walks: '行走', guess: '最佳猜测', pictures: '换成图片来看' },
    time: '时间t',
    data: '数据',
    noise: '纯噪声',
    arrows: '得分箭头',
    walk: '走下来',
    again: '换一批噪声',
    way: '怎样走',
    ways: { ddim: '不带随机性（DDIM）', ddpm: '带随机性（DDPM）', less: 'DDPM，新噪声减少' },
    fresh: '给它多少新噪声',
    questions: '步数',
    dataSide: (t) => `数据，t = ${t}`,
    noiseSide: (t) => `噪声，t = ${t}`,
    place: '你站的位置：x',
    guessIs: (x) => `最佳猜测：${figures(x)}`,
    guessTold: (x, t, guess) => `在时间${t.toFixed(2)}站在${figures(x)}处，对干净值的最佳猜测是${figures(guess)}。`,
    densityTold: (there, most) => `那个位置的数据密度：${figures(there)}。最高的山上是${figures(most)}。`,
    rare: '那里几乎没有数据：猜测落在山与山之间，是各种可能的平均。',
    likely: '那里有数据：要么别的值本来就不太可能，要么平均值恰好落在山上。',
    ends: (count, t) => `时间${t.toFixed(2)}的${number(count)}个行走者；线是那一时刻的真实密度。`,
    spreads: (spread, right) => `离散程度${figures(spread)}，应为${figures(right)}`,
    histogram: (way, spread, right) => `${way}：行走者怎样散开，旁边是真实密度。离散程度是${figures(spread)}，应为${figures(right)}。`,
    described: (t, way, count) =>
      `一片地形：前面数据的三座山，到后面融成噪声的一座山。时间${t.toFixed(2)}的切面已标出。` + (way ? `按“${way}”走的${count}条路径，从噪声下到那个时间。` : ''),
    noised: '带噪',
    guess: '猜测',
    noisedAt: (picture, t) => `图片（${picture}），加噪到时间${t.toFixed(2)}`,
    guessAt: (t) => `在时间${t.toFixed(2)}，网络对干净图片的猜测`,
    oneCall: '上排：一张图片，加噪到下面写着的时间t。下排：网络的猜测，只调用一次，没有给任何词。这就是根据文字画emoji的那个网络。',
    drawBoth: '两种都显示',
    both: '再看完整的DDPM行走，每次50步，用同样的八个种子，要画的是猫脸。这些行走在制作网页时已由Python走完：',
    with: '有新噪声',
    without: '没有',
    drawnWith: (seed) => `有新噪声时画的，种子${seed}`,
    drawnWithout: (seed) => `没有新噪声时画的，种子${seed}`,
  },
  text: {
    title: '反向过程',
    short: '反向',
    lead: '没有人能把噪声解码。但可以猜一猜那里平均会是什么，朝猜测走一小步，然后再猜。',
    sections: [
      {
        heading: '山，和指向山上的箭头',
        text: [
          '图片先放一放。这里的数据是单个的数，分成三堆。地形的前沿显示哪里有多少个数，也就是它们的[[density|密度]]：三座山。越往后，掺的噪声越多；[每一道横切面](reverse.show=walks&reverse.t=0.5)，就是带噪数据在那个时间的密度。山变宽、合并，最后成为纯噪声的那一座圆山。',
          '上面的[箭头](reverse.show=walks&reverse.arrows=1&reverse.t=0.2)是[[score|得分]]。用平常的话说：“我站在这里，往哪个方向走，数据出现的可能性增长得最快？”得分很容易得到。噪声把每个点从数据那里推开。把噪声猜出来，掉个头，除以σ，就是得分。所以谁能猜出噪声，谁就知道上山的路，而且不必知道山有多高。',
        ],
        equations: [{ says: '得分是密度的对数的斜率。它等于噪声的期望掉个头，再除以σ。' }],
      },
      {
        heading: '最佳猜测是平均',
        text: [
          '[看看“最佳猜测”](reverse.show=guess&reverse.t=0.2&reverse.x=-1.2)，沿x移动。旗子插在对干净值的最佳[[guess|猜测]]上：它是所有可能的平均，每种可能按可能性的大小加权。噪声少时，旗子在山上。[噪声多时](reverse.show=guess&reverse.t=0.6&reverse.x=-0.3)，它在山与山*之间*，**那里几乎没有数据**。这不是失误。在所有回答里，平均的平方误差最小。',
          '许多图片的平均是模糊的一团。[看看“换成图片来看”](reverse.show=pictures)：给网络一张噪声很多的图片，只做一次[[call|调用]]，网络给出的就是模糊的一团。精确的平均也是模糊的一团。还要注意网络*没有*做什么：它并不是去掉一步的噪声。它的每次猜测，都把噪声全部去掉。',
        ],
        equations: [{ says: '平方误差的期望最小的回答，就是所有可能的平均。' }],
      },
      {
        heading: '猜一次，走一小步，再猜一次',
        text: [
          '所以模糊的一团不是结果，它是一个方向。只走一*小*步：把猜测和它所暗含的噪声，按下一个较低的[[noise level|噪声水平]]重新混合。这时噪声少了一点，符合的原图也少了，下一次猜测就更清楚。整个[[reverse process|反向过程]]就是这样。[只走一步](reverse.show=walks&reverse.walk=ddim&reverse.steps=1&reverse.t=0)：每个行走者都停在所有数据的平均处，在这里它碰巧落在中间那座小山旁边。[走十步](reverse.show=walks&reverse.walk=ddim&reverse.steps=10&reverse.t=0)，三座山就出来了。',
          '这种行走在出发之后不再用随机性，它就是[[DDIM]]。起点相同，终点就相同；原来是邻居的，走到最后还是邻居。可是步数多时，所有行走者合在一起，在每个时间都和带噪数据一样散开：任选一个t，把直方图和那条线比一比。推着它们走的水流，叫作[[probability-flow ODE|概率流ODE]]。',
        ],
        equations: [{ says: 'DDIM的一步，从水平t下到s：还是前向过程的配方，只是用猜测代替真相。' }],
      },
      {
        heading: '为什么又把噪声加回去',
        text: [
          '[[DDPM]]的走法不同。[它的路径会抖](reverse.show=walks&reverse.walk=ddpm&reverse.steps=50&reverse.t=0)：每一步丢掉一部分噪声，再抽新的噪声。要走向干净的结果，这样做看上去很荒唐。但这一步走到的是*平均*，也就是点在下一个水平上可能所在之处的正中间。那个水平上的点并不都在正中间，而是散在它周围。**新噪声恢复了这种离散程度**：步子小，几乎全部恢复；步子大，恢复得不够。',
          '[去掉一半新噪声](reverse.show=walks&reverse.walk=less&reverse.steps=50&reverse.fresh=0.5&reverse.t=0)，山就太窄了。[一点新噪声也不给](reverse.show=walks&reverse.walk=less&reverse.steps=50&reverse.fresh=0&reverse.t=0)，两千个行走者就都停在同一处，而且那里不是山顶：那里的密度只有山顶的一半。换成图片，结果就太光滑，彼此也太像。DDIM不需要新噪声，但它走的是另一种步子：去掉新噪声的DDPM并不是DDIM。',
        ],
        equations: [{ says: 'DDPM的一步：旧噪声保留κ这么多，其余换成新噪声z，使总量正好。' }],
      },
    ],
  },
} satisfies Said<typeof english>
